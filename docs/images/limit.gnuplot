# Draws limit.svg: run `gnuplot` on this file in its folder.
set encoding utf8
set terminal svg size 800,520 noenhanced font 'DejaVu Sans,12' background rgb 'white'
set output 'limit.svg'
set title 'Load: where the goals end' offset 0,0.6 font ',14'
set tmargin 4.5
set label 'scenario highest-rate, seed 11, simulated, values 2% apart; bars: the bounds by which means are judged, 95 %' at graph 0.5,1.0 center offset 0,0.9 font ',10' tc rgb '#555555'
set xlabel 'load, requests per second'
set ylabel 'latency p99, milliseconds (phase steady)'
set grid ytics lt 1 lc rgb '#DDDDDD'
set tics out nomirror
set border 3
set rmargin 4
set bmargin 7
set key outside bottom center horizontal samplen 3 maxcols 4
set label 'crest-sim 0.1.0 (56f09560a433+), scenario a06eda94f699bba2' at screen 0.99,0.015 right font ',7' tc rgb '#777777'
set key outside bottom center horizontal samplen 3 maxcols 4
set grid xtics ytics lt 1 lc rgb '#DDDDDD'
set xrange [167.60320000000002:1042.3168]
set yrange [0:*]
set arrow from graph 0,first 60 to graph 1,first 60 nohead front lw 1.5 dt 2 lc rgb 'black'
set label 'goal <60' at graph 0.01,first 60 left offset 0,0.6 front font ',10'
set arrow from first 933.218,graph 0 to first 933.218,graph 1 nohead front lw 1.5 lc rgb '#009E73'
set label 'largest: 933.2' at first 933.218,graph 0.95 right offset -0.6,0 front font ',11' tc rgb '#00704F'
plot 'limit.dat' index 0 using 1:2 with lines lw 1 lc rgb '#BBBBBB' notitle, \
     'limit.dat' index 1 using 1:2:($3):4 with yerrorbars lw 1.5 ps 1.1 pt 7 lc rgb '#0072B2' title 'all goals hold', \
     'limit.dat' index 2 using 1:2:($3):4 with yerrorbars lw 1.5 ps 1.1 pt 6 lc rgb '#CC79A7' title 'undecided'
unset output
