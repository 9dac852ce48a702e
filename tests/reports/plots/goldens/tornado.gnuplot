# Draws tornado.svg: run `gnuplot` on this file in its folder.
set encoding utf8
set terminal svg size 800,258 noenhanced font 'DejaVu Sans,12' background rgb 'white'
set output 'tornado.svg'
set title 'What moves the monthly cost most' offset 0,0.6 font ',14'
set tmargin 4.5
set label 'scenario plan, seed 3, simulated; line: base 18.50; axis from 11.50' at graph 0.5,1.0 center offset 0,0.9 font ',10' tc rgb '#555555'
set xlabel 'monthly cost'
set ylabel ''
set grid ytics lt 1 lc rgb '#DDDDDD'
set tics out nomirror
set border 3
set rmargin 4
set bmargin 7
set key outside bottom center horizontal samplen 3 maxcols 4
set key at screen 0.5,0.02 center bottom horizontal samplen 3 maxcols 2
set grid noytics xtics lt 1 lc rgb '#DDDDDD'
set xrange [11.5:29]
set yrange [2-0.4:-0.6]
set ytics scale 0 ('load''s rate' 0, 'price ±10 %%' 1)
set arrow from 18.5,graph 0 to 18.5,graph 1 nohead front lw 1.5 lc rgb 'black'
plot 'tornado.dat' using (valid(2)?$4:1/0):0:4:2:($0-0.32):($0+0.32) with boxxyerror lc rgb '#0072B2' fs solid 0.9 border lc rgb 'black' title 'input at its low end', \
     'tornado.dat' using (valid(3)?$4:1/0):0:4:3:($0-$7):($0+$7) with boxxyerror lc rgb '#E69F00' fs pattern 5 border lc rgb 'black' title 'input at its high end', \
     'tornado.dat' using 5:0:(sprintf('%.4g', $5)) with labels right offset -0.6,0 font ',10' notitle, \
     'tornado.dat' using 6:0:(sprintf('%.4g', $6)) with labels left offset 0.6,0 font ',10' notitle
unset output
