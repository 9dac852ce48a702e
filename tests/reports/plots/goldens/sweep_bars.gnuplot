# Draws sweep_bars.svg: run `gnuplot` on this file in its folder.
set encoding utf8
set terminal svg size 800,372 noenhanced font 'DejaVu Sans,12' background rgb 'white'
set output 'sweep_bars.svg'
set title 'Redirects per request by balancers' offset 0,0.6 font ',14'
set tmargin 4.5
set label 'scenario it''s a sweep, 2 seeds, simulated; 1 row of an invalid run left out; no value in 1 of 6 rows of redirect_ratio' at graph 0.5,1.0 center offset 0,0.9 font ',10' tc rgb '#555555'
set xlabel 'redirects per request (whiskers: 95 % confidence; ?: not known)'
set ylabel ''
set grid ytics lt 1 lc rgb '#DDDDDD'
set tics out nomirror
set border 3
set rmargin 4
set bmargin 7
set key outside bottom center horizontal samplen 3 maxcols 4
set label 'left out, no redirect_ratio: load.balancer_choice=address, topology.balancers=a map, by address, topology.proxies.count=4; left out, invalid: load.balancer_choice=unifor…' at screen 0.99,0.015 right font ',7' tc rgb '#777777'
set lmargin at screen 0.18
unset grid
set grid xtics lt 1 lc rgb '#DDDDDD'
set yrange [3-0.5:-0.5]
set ytics scale 0 ('no map' 0, 'a map, by address' 1, 'by hash' 2)
set style fill solid 0.85 border lc rgb 'black'
set xrange [0:0.9717706498232209]
set label 'none' at graph 0.01,first 1.2 left font ',10' tc rgb '#777777'
set label 'none' at graph 0.01,first 2.2 left font ',10' tc rgb '#777777'
set key outside bottom center horizontal samplen 3 maxcols 5
set key at screen 0.5,screen 0.06451612903225806 center bottom
plot 'sweep_bars.dat' index 0 using (0):1:(0):3:($1-0.184):($1+0.184) with boxxyerror title 'proxies 8' lc rgb '#0072B2', \
     '' index 0 using 4:1:(sprintf(' %.3g ', $3) . strcol(5)) with labels left offset 0.3,0 font ',10' notitle, \
     'sweep_bars.dat' index 1 using (0):1:(0):3:($1-0.184):($1+0.184) with boxxyerror title 'proxies 4' lc rgb '#E69F00', \
     '' index 1 using 4:1:(sprintf(' %.3g ', $3) . strcol(5)) with labels left offset 0.3,0 font ',10' notitle, \
     'sweep_bars.dat' index 2 using 1:2:3:4 with xerrorbars notitle pt 0 lw 1.2 lc rgb 'black', \
     'sweep_bars.dat' index 3 using 1:2:(0):3 with vectors nohead lw 2.5 dt (3,2) lc rgb 'black' title 'theory'
unset output
