# Draws ratio_by_requests.svg: run `gnuplot` on this file in its folder.
set encoding utf8
set terminal svg size 800,480 noenhanced font 'DejaVu Sans,12' background rgb 'white'
set output 'ratio_by_requests.svg'
set title 'Redirects per request against requests per character' offset 0,0.6 font ',14'
set tmargin 4.5
set label 'scenario it''s a sweep, 2 seeds, simulated; 1 row of an invalid run left out' at graph 0.5,1.0 center offset 0,0.9 font ',10' tc rgb '#555555'
set xlabel 'requests per character'
set ylabel 'redirects per request'
set grid ytics lt 1 lc rgb '#DDDDDD'
set tics out nomirror
set border 3
set rmargin 4
set bmargin 7
set key outside bottom center horizontal samplen 3 maxcols 4
set label 'left out, invalid: topology.balancers.count=2, load.requests_per_character=10' at screen 0.99,0.015 right font ',7' tc rgb '#777777'
set grid xtics ytics lt 1 lc rgb '#DDDDDD'
set yrange [0:*]
set logscale x
set format x '%g'
plot 'ratio_by_requests.dat' index 0 with linespoints lw 1.2 ps 0.8 lc rgb '#0072B2' pt 7 dt 1 title '1 balancer', \
     'ratio_by_requests.dat' index 1 with lines lw 1.5 dt (8,6) lc rgb 'black' title 'theory', \
     'ratio_by_requests.dat' index 2 with linespoints lw 1.2 ps 0.8 lc rgb '#E69F00' pt 5 dt 2 title '2 balancers', \
     'ratio_by_requests.dat' index 3 with lines lw 1.5 dt (8,6) lc rgb 'black' notitle, \
     'ratio_by_requests.dat' index 4 with linespoints lw 1.2 ps 0.8 lc rgb '#009E73' pt 9 dt 3 title '10 balancers', \
     'ratio_by_requests.dat' index 5 with lines lw 1.5 dt (8,6) lc rgb 'black' notitle
unset output
