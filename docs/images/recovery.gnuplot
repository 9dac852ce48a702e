# Draws recovery.svg: run `gnuplot` on this file in its folder.
set encoding utf8
set terminal svg size 800,760 noenhanced font 'DejaVu Sans,12' background rgb 'white'
set output 'recovery.svg'
set title 'Redirect ratio, failures and latency over time: new-balancer-joins (simulated)' offset 0,0.6 font ',14'
set tmargin 4.5
set label 'seed 9, virtual engine, new-balancer-joins.json' at graph 0.5,1.0 center offset 0,0.9 font ',10' tc rgb '#555555'
set xlabel 'seconds since the load began'
set ylabel 'redirects per request'
set grid ytics lt 1 lc rgb '#DDDDDD'
set tics out nomirror
set border 3
set rmargin 4
set bmargin 7
set key outside bottom center horizontal samplen 3 maxcols 4
set label 'crest-sim 0.1.0 (713161b7d227+), scenario 27738c130b2c08e7' at screen 0.99,0.015 right font ',7' tc rgb '#777777'
set xrange [0:12.000]
set lmargin at screen 0.11
set rmargin at screen 0.79
set key at screen 0.805,graph 1 left top vertical Left reverse samplen 2 maxrows 9 font ',10'
set multiplot
set format x ''
unset xlabel
set offsets 0,0,graph 0.18,0
set label 'warm-up' at 0.000,graph 0.97 left offset character 0.4,0 font ',10' tc rgb '#555555'
set object rectangle from 3.000,graph 0 to 5.001,graph 1 behind fc rgb '#F2F2F2' fs solid noborder
set label 'steady' at 3.000,graph 0.97 left offset character 0.4,0 font ',10' tc rgb '#555555'
set label 'joining' at 5.001,graph 0.97 left offset character 0.4,0 font ',10' tc rgb '#555555'
set object rectangle from 8.000,graph 0 to 12.000,graph 1 behind fc rgb '#F2F2F2' fs solid noborder
set label 'after' at 8.000,graph 0.97 left offset character 0.4,0 font ',10' tc rgb '#555555'
set arrow from 5.000,graph 0 to 5.000,graph 0.92 nohead dt 3 lw 1.5 lc rgb '#333333'
set label 'third balancer' at 5.000,graph 0.92 right rotate by 90 offset character -1,0 font ',9' tc rgb '#333333'
set ylabel 'redirects per request'
set tmargin at screen 0.90
set bmargin at screen 0.57
set yrange [0:*]
plot 'recovery.dat' index 0 with linespoints lw 1.5 ps 0.5 lc rgb '#0072B2' pt 7 dt 1 title 'gateway[0]', 'recovery.dat' index 1 with linespoints lw 1.5 ps 0.5 lc rgb '#E69F00' pt 5 dt 2 title 'gateway[1]', 'recovery.dat' index 2 with linespoints lw 1.5 ps 0.5 lc rgb '#009E73' pt 9 dt 3 title 'gateway[2]', 'recovery.dat' index 3 with lines lw 2.5 lc rgb 'black' title 'all balancers'
unset title
set offsets 0,0,graph 0.08,0
unset label
unset arrow
unset object
set object rectangle from 3.000,graph 0 to 5.001,graph 1 behind fc rgb '#F2F2F2' fs solid noborder
set object rectangle from 8.000,graph 0 to 12.000,graph 1 behind fc rgb '#F2F2F2' fs solid noborder
set arrow from 5.000,graph 0 to 5.000,graph 1 nohead dt 3 lw 1.5 lc rgb '#333333'
set ylabel 'failed per second'
set tmargin at screen 0.53
set bmargin at screen 0.34
set label 'no request failed' at graph 0.5,0.5 center
set yrange [0:1]
plot NaN notitle
unset label
unset arrow
unset object
set format x '%g'
set xlabel 'seconds since the load began'
set object rectangle from 3.000,graph 0 to 5.001,graph 1 behind fc rgb '#F2F2F2' fs solid noborder
set object rectangle from 8.000,graph 0 to 12.000,graph 1 behind fc rgb '#F2F2F2' fs solid noborder
set arrow from 5.000,graph 0 to 5.000,graph 1 nohead dt 3 lw 1.5 lc rgb '#333333'
set ylabel 'latency, milliseconds'
set tmargin at screen 0.30
set bmargin at screen 0.10
set yrange [0:*]
plot 'recovery.dat' index 4 with linespoints lw 1.5 ps 0.5 lc rgb '#0072B2' pt 7 dt 1 title 'p99', 'recovery.dat' index 5 with linespoints lw 1.5 ps 0.5 lc rgb '#E69F00' pt 5 dt 2 title 'p50'
unset multiplot
unset output
