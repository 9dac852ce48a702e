# Draws sweep_bars.svg: run `gnuplot` on this file in its folder.
set encoding utf8
set terminal svg size 800,390 noenhanced font 'DejaVu Sans,12' background rgb 'white'
set output 'sweep_bars.svg'
set title 'Redirects per request by strategy' offset 0,0.6 font ',14'
set tmargin 4.5
set label 'scenario strategies-side-by-side, seed 23, simulated' at graph 0.5,1.0 center offset 0,0.9 font ',10' tc rgb '#555555'
set xlabel 'redirects per request (whiskers: 95 % confidence)'
set ylabel ''
set grid ytics lt 1 lc rgb '#DDDDDD'
set tics out nomirror
set border 3
set rmargin 4
set bmargin 7
set key outside bottom center horizontal samplen 3 maxcols 4
set label 'crest-sim 0.1.0 (9875c2ca7879), scenario 58d4fccf45816d84' at screen 0.99,0.015 right font ',7' tc rgb '#777777'
set lmargin at screen 0.25
unset grid
set grid xtics lt 1 lc rgb '#DDDDDD'
set yrange [5-0.5:-0.5]
set ytics scale 0 ('no map' 0, 'a map per balancer' 1, 'a shared map' 2, 'a map, clients by address' 3, 'guess by token hash' 4)
set style fill solid 0.85 border lc rgb 'black'
set xrange [0:0.8347775244652468]
set key outside bottom center horizontal samplen 3 maxcols 5
set key at screen 0.5,screen 0.06153846153846154 center bottom
plot 'sweep_bars.dat' index 0 using (0):1:(0):3:($1-0.368):($1+0.368) with boxxyerror notitle lc rgb '#0072B2', \
     '' index 0 using 4:1:(sprintf(' %.3g ', $3) . strcol(5)) with labels left offset 0.3,0 font ',10' notitle, \
     'sweep_bars.dat' index 1 using 1:2:3:4 with xerrorbars notitle pt 0 lw 1.2 lc rgb 'black', \
     'sweep_bars.dat' index 2 using 1:2:(0):3 with vectors nohead lw 2.5 dt (3,2) lc rgb 'black' title 'theory'
unset output
