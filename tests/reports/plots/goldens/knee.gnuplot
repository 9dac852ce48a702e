# Draws knee.svg: run `gnuplot` on this file in its folder.
set encoding utf8
set terminal svg size 800,620 noenhanced font 'DejaVu Sans,12' background rgb 'white'
set output 'knee.svg'
set title 'Utilisation and latency p99 against requests per character' offset 0,0.6 font ',14'
set tmargin 4.5
set label 'scenario it''s a sweep, 2 seeds, simulated; 1 row of an invalid run left out; no value in 1 of 7 rows of latency_ms_p99' at graph 0.5,1.0 center offset 0,0.9 font ',10' tc rgb '#555555'
set xlabel ''
set ylabel 'utilisation, %'
set grid ytics lt 1 lc rgb '#DDDDDD'
set tics out nomirror
set border 3
set rmargin 4
set bmargin 7
set key outside bottom center horizontal samplen 3 maxcols 4
set label 'left out, no latency_ms_p99: topology.balancers.count=2, load.requests_per_character=10; left out, invalid: topology.balancers.count=2, load.requests_per_character=10' at screen 0.99,0.015 right font ',7' tc rgb '#777777'
set grid xtics ytics lt 1 lc rgb '#DDDDDD'
set lmargin at screen 0.11
set rmargin at screen 0.96
set multiplot
unset key
unset xlabel
set xtics 1
set format x ''
set yrange [0:*]
set tmargin at screen 0.88
set bmargin at screen 0.56
plot 'knee.dat' index 0 using 1:($2*100) with linespoints lw 1.5 ps 0.8 lc rgb '#0072B2' pt 7 dt 1 notitle, \
     'knee.dat' index 1 using 1:($2*100) with linespoints lw 1.5 ps 0.8 lc rgb '#E69F00' pt 5 dt 2 notitle, \
     'knee.dat' index 2 using 1:($2*100) with linespoints lw 1.5 ps 0.8 lc rgb '#009E73' pt 9 dt 3 notitle
unset title
unset label
set key outside bottom center horizontal samplen 3 maxcols 2
set format x '%g'
set xlabel 'requests per character'
set ylabel 'latency p99, milliseconds'
set yrange [0:*]
set tmargin at screen 0.50
set bmargin at screen 0.18
plot 'knee.dat' index 3 using 1:($2) with linespoints lw 1.5 ps 0.8 lc rgb '#0072B2' pt 7 dt 1 title 'balancers 1', \
     'knee.dat' index 4 using 1:($2) with linespoints lw 1.5 ps 0.8 lc rgb '#E69F00' pt 5 dt 2 title 'balancers 2', \
     'knee.dat' index 5 using 1:($2) with linespoints lw 1.5 ps 0.8 lc rgb '#009E73' pt 9 dt 3 title 'balancers 10'
unset multiplot
unset output
