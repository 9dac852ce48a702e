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
5.250000 0.134000
5.750000 0.138000
6.250000 0.130000
6.750000 0.134000
7.250000 0.138000
7.750000 0.130000
8.250000 0.134000
8.750000 0.138000
9.250000 0.130000
9.750000 0.134000
10.250000 0.138000
10.750000 0.130000
11.250000 0.134000
11.750000 0.138000


# gateway[1]: seconds, redirects per request
0.250000 0.150000
0.750000 0.154000
1.250000 0.158000
1.750000 0.150000
2.250000 0.154000
2.750000 0.158000
3.250000 0.150000
3.750000 0.154000
4.250000 0.158000
4.750000 0.150000
5.250000 0.154000
5.750000 0.158000
6.250000 0.150000
6.750000 0.154000
7.250000 0.158000
7.750000 0.150000
8.250000 0.154000
8.750000 0.158000
9.250000 0.150000
9.750000 0.154000
10.250000 0.158000
10.750000 0.150000
11.250000 0.154000
11.750000 0.158000


# all balancers: seconds, redirects per request
0.250000 0.139000
0.750000 0.143000
1.250000 0.147000
1.750000 0.139000
2.250000 0.143000
2.750000 0.147000
3.250000 0.139000
3.750000 0.143000
4.250000 0.147000
4.750000 0.139000
5.250000 0.143000
5.750000 0.147000
6.250000 0.139000
6.750000 0.143000
7.250000 0.147000
7.750000 0.139000
8.250000 0.143000
8.750000 0.147000
9.250000 0.139000
9.750000 0.143000
10.250000 0.147000
10.750000 0.139000
11.250000 0.143000
11.750000 0.147000


# theory: seconds, redirects per request
0.000000 0.138750
12.000000 0.138750
END_OF_DATA
set encoding utf8
set terminal svg size 800,480 noenhanced font 'DejaVu Sans,12' background rgb 'white'
set output 'DIR/p.svg'
set title 'Redirect ratio over time: quickstart (measured)' offset 0,0.6 font ',14'
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
set xrange [0:12.000]
set offsets 0,0,graph 0.18,0
set yrange [0:*]
plot $data index 0 with linespoints lw 1.5 ps 0.5 lc rgb '#0072B2' pt 7 dt 1 title 'gateway[0]', $data index 1 with linespoints lw 1.5 ps 0.5 lc rgb '#E69F00' pt 5 dt 2 title 'gateway[1]', $data index 2 with lines lw 2.5 lc rgb 'black' title 'all balancers', $data index 3 with lines lw 2 dt (12,6) lc rgb 'black' title 'theory'
unset output
