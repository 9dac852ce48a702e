# Draws bars.svg: run `gnuplot` on this file in its folder.
set encoding utf8
set terminal svg size 800,258 noenhanced font 'DejaVu Sans,12' background rgb 'white'
set output 'bars.svg'
set multiplot
set label 'crest-sim 0.1.0 (0123456789ab+)' at screen 0.99,0.015 right font ',7' tc rgb '#777777'
set label 'Redirect ratio, latency p99 and hops per request' at screen 0.5,0.9147286821705426 center font ',14'
set label '2 scenarios, 2 seeds, measured and simulated; whiskers: 95 % confidence' at screen 0.5,0.8294573643410853 center font ',10' tc rgb '#555555'
set tmargin at screen 0.7441860465116279
set bmargin at screen 0.3023255813953488
set border 3
set tics out nomirror
set grid xtics lt 1 lc rgb '#DDDDDD'
unset key
set style fill solid 0.85 border lc rgb 'black'
set xtics font ',10'
set yrange [2-0.4:-0.6]
set ytics scale 0 ('quickstart' 0, 'it''s <odd> & "eventfu…' 1)
set lmargin at screen 0.23
set rmargin at screen 0.43
set xlabel 'redirects per request' font ',10'
set xrange [0:0.213084]
set xtics 0,0.05
plot 'bars.dat' using (0):0:(0):($2):($0-0.32):($0+0.32) with boxxyerror notitle lc rgb '#0072B2', \
     'bars.dat' using 2:0:3:4 with xerrorbars notitle pt 0 lw 1.2 lc rgb 'black', \
     'bars.dat' using (valid(4)?$4:$2):0:(sprintf(valid(4)?' %.3g':' %.3g ?', $2)) with labels left offset 0.5,0 font ',10' notitle
unset label
set ytics ('' 0)
set format y ''
set lmargin at screen 0.49
set rmargin at screen 0.69
set xlabel 'latency p99, milliseconds' font ',10'
set xrange [0:6.91875]
set xtics 0,2
plot 'bars.dat' using (0):0:(0):($5):($0-0.32):($0+0.32) with boxxyerror notitle lc rgb '#E69F00', \
     'bars.dat' using 5:0:6:7 with xerrorbars notitle pt 0 lw 1.2 lc rgb 'black', \
     'bars.dat' using (valid(7)?$7:$5):0:(sprintf(valid(7)?' %.3g':' %.3g ?', $5)) with labels left offset 0.5,0 font ',10' notitle
unset label
set lmargin at screen 0.75
set rmargin at screen 0.95
set xlabel 'hops per request' font ',10'
set xrange [0:1.548504]
set xtics 0,0.5
plot 'bars.dat' using (0):0:(0):($8):($0-0.32):($0+0.32) with boxxyerror notitle lc rgb '#56B4E9', \
     'bars.dat' using 8:0:9:10 with xerrorbars notitle pt 0 lw 1.2 lc rgb 'black', \
     'bars.dat' using (valid(10)?$10:$8):0:(sprintf(valid(10)?' %.3g':' %.3g ?', $8)) with labels left offset 0.5,0 font ',10' notitle
unset label
unset multiplot
unset output
