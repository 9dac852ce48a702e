# Draws bars.svg: run `gnuplot` on this file in its folder.
set encoding utf8
set terminal svg size 800,326 noenhanced font 'DejaVu Sans,12' background rgb 'white'
set output 'bars.svg'
set multiplot
set label 'crest-sim 0.1.0 (713161b7d227+)' at screen 0.99,0.015 right font ',7' tc rgb '#777777'
set label 'Redirect ratio, latency p99 and hops per request' at screen 0.5,0.9325153374233128 center font ',14'
set label 'scenario cached-four-balancers, seed 3, simulated; whiskers: 95 % confidence' at screen 0.5,0.8650306748466258 center font ',10' tc rgb '#555555'
set tmargin at screen 0.7975460122699387
set bmargin at screen 0.2392638036809816
set border 3
set tics out nomirror
set grid xtics lt 1 lc rgb '#DDDDDD'
unset key
set style fill solid 0.85 border lc rgb 'black'
set xtics font ',10'
set yrange [4-0.4:-0.6]
set ytics scale 0 ('guess only' 0, 'map per balancer' 1, 'address affinity' 2, 'guess by hash' 3)
set lmargin at screen 0.23
set rmargin at screen 0.43
set xlabel 'redirects per request' font ',10'
set xrange [0:0.9851525084237488]
set xtics 0,0.2
plot 'bars.dat' using (0):0:(0):($2):($0-0.32):($0+0.32) with boxxyerror notitle lc rgb '#0072B2', \
     'bars.dat' using 2:0:3:4 with xerrorbars notitle pt 0 lw 1.2 lc rgb 'black', \
     'bars.dat' using (valid(4)?$4:$2):0:(sprintf(valid(4)?' %.3g':' %.3g ?', $2)) with labels left offset 0.5,0 font ',10' notitle
unset label
set ytics ('' 0)
set format y ''
set lmargin at screen 0.49
set rmargin at screen 0.69
set xlabel 'latency p99, milliseconds' font ',10'
set xrange [0:14.509669050000003]
set xtics 0,5
plot 'bars.dat' using (0):0:(0):($5):($0-0.32):($0+0.32) with boxxyerror notitle lc rgb '#E69F00', \
     'bars.dat' using 5:0:6:7 with xerrorbars notitle pt 0 lw 1.2 lc rgb 'black', \
     'bars.dat' using (valid(7)?$7:$5):0:(sprintf(valid(7)?' %.3g':' %.3g ?', $5)) with labels left offset 0.5,0 font ',10' notitle
unset label
set lmargin at screen 0.75
set rmargin at screen 0.95
set xlabel 'hops per request' font ',10'
set xrange [0:2.3351525084237488]
set xtics 0,0.5
plot 'bars.dat' using (0):0:(0):($8):($0-0.32):($0+0.32) with boxxyerror notitle lc rgb '#56B4E9', \
     'bars.dat' using 8:0:9:10 with xerrorbars notitle pt 0 lw 1.2 lc rgb 'black', \
     'bars.dat' using (valid(10)?$10:$8):0:(sprintf(valid(10)?' %.3g':' %.3g ?', $8)) with labels left offset 0.5,0 font ',10' notitle
unset label
unset multiplot
unset output
