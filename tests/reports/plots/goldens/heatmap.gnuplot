# Draws heatmap.svg: run `gnuplot` on this file in its folder.
set encoding utf8
set terminal svg size 800,520 noenhanced font 'DejaVu Sans,12' background rgb 'white'
set output 'heatmap.svg'
set title 'Redirects per request by balancers and requests per character' offset 0,0.6 font ',14'
set tmargin 4.5
set label 'scenario it''s a sweep, 2 seeds, simulated; 1 row of an invalid run left out' at graph 0.5,1.0 center offset 0,0.9 font ',10' tc rgb '#555555'
set xlabel 'balancers'
set ylabel 'requests per character'
set grid ytics lt 1 lc rgb '#DDDDDD'
set tics out nomirror
set border 3
set rmargin 4
set bmargin 7
set key outside bottom center horizontal samplen 3 maxcols 4
set label 'left out, invalid: topology.balancers.count=2, load.requests_per_character=10' at screen 0.99,0.015 right font ',7' tc rgb '#777777'
set palette defined (0 '#F7FBFF', 1 '#C6DBEF', 2 '#6BAED6', 3 '#2171B5', 4 '#08306B')
unset key
unset grid
set bmargin 4.5
set border 15
set tics out nomirror scale 0.5
set cblabel 'redirects per request'
set cbrange [0:0.4]
set xrange [-0.5:3-0.5]
set yrange [-0.5:2-0.5]
set xtics ('1' 0, '2' 1, '10' 2)
set ytics ('1' 0, '10' 1)
plot 'heatmap.dat' using 1:3:($1-0.5):($1+0.5):($3-0.5):($3+0.5):5 with boxxyerror fs solid 1 noborder lc palette notitle, \
     'heatmap.dat' using 1:($5 <= 0.27999999999999997 ? $3 : NaN):(sprintf('%.3g', $5)) with labels font ',10' tc rgb 'black' notitle, \
     'heatmap.dat' using 1:($5 > 0.27999999999999997 ? $3 : NaN):(sprintf('%.3g', $5)) with labels font ',10' tc rgb 'white' notitle
unset output
