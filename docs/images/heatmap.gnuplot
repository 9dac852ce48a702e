# Draws heatmap.svg: run `gnuplot` on this file in its folder.
set encoding utf8
set terminal svg size 800,520 noenhanced font 'DejaVu Sans,12' background rgb 'white'
set output 'heatmap.svg'
set title 'Redirects per request by Zipf exponent of popularity and token map' offset 0,0.6 font ',14'
set tmargin 4.5
set label 'scenario map-size-and-zipf, seed 17, simulated, phase steady' at graph 0.5,1.0 center offset 0,0.9 font ',10' tc rgb '#555555'
set xlabel 'Zipf exponent of popularity'
set ylabel 'token map, bytes per balancer'
set grid ytics lt 1 lc rgb '#DDDDDD'
set tics out nomirror
set border 3
set rmargin 4
set bmargin 7
set key outside bottom center horizontal samplen 3 maxcols 4
set palette defined (0 '#F7FBFF', 1 '#C6DBEF', 2 '#6BAED6', 3 '#2171B5', 4 '#08306B')
unset key
unset grid
set bmargin 4.5
set border 15
set tics out nomirror scale 0.5
set cblabel 'redirects per request'
set cbrange [0:0.71796359562027]
set xrange [-0.5:6-0.5]
set yrange [-0.5:8-0.5]
set xtics ('0' 0, '0.3' 1, '0.6' 2, '0.9' 3, '1.2' 4, '1.5' 5)
set ytics ('32k' 0, '64k' 1, '128k' 2, '256k' 3, '512k' 4, '1m' 5, '2m' 6, '4m' 7)
plot 'heatmap.dat' using 1:3:($1-0.5):($1+0.5):($3-0.5):($3+0.5):5 with boxxyerror fs solid 1 noborder lc palette notitle, \
     'heatmap.dat' using 1:($5 <= 0.502574516934189 ? $3 : NaN):(sprintf('%.3g', $5)) with labels font ',10' tc rgb 'black' notitle, \
     'heatmap.dat' using 1:($5 > 0.502574516934189 ? $3 : NaN):(sprintf('%.3g', $5)) with labels font ',10' tc rgb 'white' notitle
unset output
