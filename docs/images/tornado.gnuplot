# Draws tornado.svg: run `gnuplot` on this file in its folder.
set encoding utf8
set terminal svg size 800,292 noenhanced font 'DejaVu Sans,12' background rgb 'white'
set output 'tornado.svg'
set title 'What moves the price most' offset 0,0.6 font ',14'
set tmargin 4.5
set label 'scenario crest-tier, seed 5, simulated; line: base 77; axis from 37' at graph 0.5,1.0 center offset 0,0.9 font ',10' tc rgb '#555555'
set xlabel 'price of the cheapest answer, EUR a day'
set ylabel ''
set grid ytics lt 1 lc rgb '#DDDDDD'
set tics out nomirror
set border 3
set rmargin 4
set bmargin 7
set key outside bottom center horizontal samplen 3 maxcols 4
set key at screen 0.5,0.02 center bottom horizontal samplen 3 maxcols 2
set grid noytics xtics lt 1 lc rgb '#DDDDDD'
set xrange [37:107]
set yrange [3-0.4:-0.6]
set ytics scale 0 ('topology.proxies.servers: 2 … 8' 0, 'load.rate_rps: 960 … 1440' 1, 'population.characters: 1050 … 1950' 2)
set arrow from 77,graph 0 to 77,graph 1 nohead front lw 1.5 lc rgb 'black'
set object rectangle from 77,-0.32 to graph 1,first 0.32 behind fc rgb '#FBE3D6' fs solid noborder
set label 'no topology at its low end' at graph 0.99,first 0 right front font ',9' tc rgb '#B04000'
plot 'tornado.dat' using (valid(2)?$4:1/0):0:4:2:($0-0.32):($0+0.32) with boxxyerror lc rgb '#0072B2' fs solid 0.9 border lc rgb 'black' title 'input at its low end', \
     'tornado.dat' using (valid(3)?$4:1/0):0:4:3:($0-$7):($0+$7) with boxxyerror lc rgb '#E69F00' fs pattern 5 border lc rgb 'black' title 'input at its high end', \
     'tornado.dat' using 5:0:(sprintf('%.4g', $5)) with labels right offset -0.6,0 font ',10' notitle, \
     'tornado.dat' using 6:0:(sprintf('%.4g', $6)) with labels left offset 0.6,0 font ',10' notitle
unset output
