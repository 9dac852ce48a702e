# Draws percentiles.svg: run `gnuplot` on this file in its folder.
set encoding utf8
set terminal svg size 800,480 noenhanced font 'DejaVu Sans,12' background rgb 'white'
set output 'percentiles.svg'
set title 'Latency by percentile' offset 0,0.6 font ',14'
set tmargin 4.5
set label 'scenario cached-four-balancers, seed 3, simulated' at graph 0.5,1.0 center offset 0,0.9 font ',10' tc rgb '#555555'
set xlabel 'percentile (each step to the right: ten times as rare)'
set ylabel 'latency, milliseconds'
set grid ytics lt 1 lc rgb '#DDDDDD'
set tics out nomirror
set border 3
set rmargin 4
set bmargin 7
set key outside bottom center horizontal samplen 3 maxcols 4
set label 'crest-sim 0.1.0 (713161b7d227+)' at screen 0.99,0.015 right font ',7' tc rgb '#777777'
set grid xtics ytics lt 1 lc rgb '#DDDDDD'
set logscale x
set xrange [1:*]
set xtics ('0 %%' 1, '50 %%' 2, '90 %%' 10, '99 %%' 100, '99.9 %%' 1000, '99.99 %%' 10000, '99.999 %%' 100000, '99.9999 %%' 1000000, '99.99999 %%' 10000000)
set key outside bottom center horizontal samplen 3 maxcols 3
set yrange [0:*]
set offsets 0,0,graph 0.05,0
plot 'percentiles.dat' index 0 using (1/(1-$1/100)):2 with linespoints lw 1.5 ps 0.6 pi 5 lc rgb '#0072B2' pt 7 dt 1 title 'guess only', \
     'percentiles.dat' index 1 using (1/(1-$1/100)):2 with linespoints lw 1.5 ps 0.6 pi 5 lc rgb '#E69F00' pt 5 dt 2 title 'map per balancer', \
     'percentiles.dat' index 2 using (1/(1-$1/100)):2 with linespoints lw 1.5 ps 0.6 pi 5 lc rgb '#009E73' pt 9 dt 3 title 'address affinity', \
     'percentiles.dat' index 3 using (1/(1-$1/100)):2 with linespoints lw 1.5 ps 0.6 pi 5 lc rgb '#CC79A7' pt 13 dt 4 title 'guess by hash'
unset output
