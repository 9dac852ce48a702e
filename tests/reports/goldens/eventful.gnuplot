$data << END_OF_DATA
# gateway[0]: seconds, redirects per request
0.250000 0.130000
0.750000 0.134000
1.250000 0.138000
1.750000 0.130000
2.250000 0.134000
2.750000 0.138000
3.250000 0.130000
3.750000 0.134000
4.250000 0.138000
4.750000 0.130000
5.250000 0.634000
5.750000 0.441000
6.250000 0.313000
6.750000 0.245000
7.250000 0.205000
7.750000 0.171000
8.250000 0.158000
8.750000 0.153000
9.250000 0.139000
9.750000 0.139000
10.250000 0.141000
10.750000 0.132000
11.250000 0.135000
11.750000 0.138000


# gateway[1]: seconds, redirects per request
0.250000 0.160000
0.750000 0.164000
1.250000 0.168000
1.750000 0.160000
2.250000 0.164000
2.750000 0.168000
3.250000 0.160000
3.750000 0.164000
4.250000 0.168000
4.750000 0.160000
5.250000 0.164000
5.750000 0.168000
6.250000 0.160000
6.750000 0.164000
7.250000 0.168000
7.750000 0.160000
8.250000 0.664000
8.750000 0.471000
9.250000 0.343000
9.750000 0.275000
10.250000 0.235000
10.750000 0.201000
11.250000 0.188000
11.750000 0.183000


# nginx[0]: seconds, redirects per request
0.250000 0.300000
0.750000 0.304000
1.250000 0.308000
1.750000 0.300000
2.250000 0.304000
2.750000 0.308000
3.250000 0.300000
3.750000 0.304000
4.250000 0.308000
4.750000 0.300000
5.250000 0.304000
5.750000 0.308000
6.250000 0.300000
6.750000 0.304000
7.250000 0.308000
7.750000 0.300000
8.250000 0.304000
8.750000 0.308000
9.250000 0.300000
9.750000 0.304000
10.250000 0.308000
10.750000 0.300000
11.250000 0.304000
11.750000 0.308000


# all balancers: seconds, redirects per request
0.250000 0.200000
0.750000 0.204000
1.250000 0.208000
1.750000 0.200000
2.250000 0.204000
2.750000 0.208000
3.250000 0.200000
3.750000 0.204000
4.250000 0.208000
4.750000 0.200000
5.250000 0.704000
5.750000 0.511000
6.250000 0.383000
6.750000 0.315000
7.250000 0.275000
7.750000 0.241000
8.250000 0.228000
8.750000 0.223000
9.250000 0.209000
9.750000 0.209000
10.250000 0.211000
10.750000 0.202000
11.250000 0.205000
11.750000 0.208000


# theory: seconds, redirects per request
0.000000 0.150000
5.000000 0.150000
END_OF_DATA
set encoding utf8
set terminal svg size 800,480 noenhanced font 'DejaVu Sans,12' background rgb 'white'
set output 'DIR/p.svg'
set title 'Redirect ratio over time: it''s <odd> & "eventful" (measured)' offset 0,0.6 font ',14'
set tmargin 4.5
set label 'seed 42, live engine, quickstart.json' at graph 0.5,1.0 center offset 0,0.9 font ',10' tc rgb '#555555'
set xlabel 'seconds since the load began'
set ylabel 'redirects per request'
set grid ytics lt 1 lc rgb '#DDDDDD'
set tics out nomirror
set border 3
set rmargin 4
set bmargin 7
set key outside bottom center horizontal samplen 3 maxcols 4
set label 'crest-sim 0.1.0 (0123456789ab+), scenario 0011223344556677, on lab, 2 cores, 2026-01-31T12:00:00Z' at screen 0.99,0.015 right font ',7' tc rgb '#777777'
set xrange [0:12.500]
set offsets 0,0,graph 0.18,0
set label 'warm-up' at 0.000,graph 0.97 left offset character 0.4,0 font ',10' tc rgb '#555555'
set object rectangle from 5.000,graph 0 to 12.000,graph 1 behind fc rgb '#F2F2F2' fs solid noborder
set label 'after the storm' at 5.000,graph 0.97 left offset character 0.4,0 font ',10' tc rgb '#555555'
set arrow from 5.000,graph 0 to 5.000,graph 0.92 nohead dt 3 lw 1.5 lc rgb '#333333'
set label 'kill proxy[1]' at 5.000,graph 0.92 right rotate by 90 offset character -1,0 font ',9' tc rgb '#333333'
set arrow from 8.000,graph 0 to 8.000,graph 0.92 nohead dt 3 lw 1.5 lc rgb '#333333'
set label 'move sessions' at 8.000,graph 0.92 right rotate by 90 offset character -1,0 font ',9' tc rgb '#333333'
set yrange [0:*]
plot $data index 0 with linespoints lw 1.5 ps 0.5 lc rgb '#0072B2' pt 7 dt 1 title 'gateway[0]', $data index 1 with linespoints lw 1.5 ps 0.5 lc rgb '#E69F00' pt 5 dt 2 title 'gateway[1]', $data index 2 with linespoints lw 1.5 ps 0.5 lc rgb '#009E73' pt 9 dt 3 title 'nginx[0]', $data index 3 with lines lw 2.5 lc rgb 'black' title 'all balancers', $data index 4 with lines lw 2 dt (12,6) lc rgb 'black' title 'theory'
unset output
