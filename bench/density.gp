# SPDX-License-Identifier: GPL-2.0
# density.gp - the curve of scripts/random-access, from density.tsv; form is given
set datafile separator "\t"
set datafile missing NaN
if (form eq "png") { set terminal png size 1200,560 } else { set terminal svg size 1200,560 background rgb "white" }
set output "density." . form
set multiplot layout 1, 2 title "256 MiB: what the lock costs, and one access to each page that is used"
set logscale xy
set key bottom right
set grid
set xlabel "pages used, %"
set xtics (0.1, 0.3, 1, 3, 10, 30, 100)
set ylabel "instructions (k: thousands, M: millions)"
set format y "%.0s %c"
set yrange [100000:200000000]
ways = "plain mlock on-fault"
names = "'not locked' 'mlock()' 'on fault'"
colour(i) = word("#666666 #d55e00 #0072b2", i)
set title "file in the page cache, read"
plot for [i = 1:3] "density.tsv" \
	using (strcol(2) eq "file" ? $3 / 10 : NaN):(strcol(4) eq word(ways, i) ? $5 * 1000 : NaN) \
	with linespoints linecolor rgb colour(i) linewidth 2 dashtype i pointtype 3 + 2 * i title word(names, i)
set title "anonymous memory, written"
plot for [i = 1:3] "density.tsv" \
	using (strcol(2) eq "anonymous" ? $3 / 10 : NaN):(strcol(4) eq word(ways, i) ? $5 * 1000 : NaN) \
	with linespoints linecolor rgb colour(i) linewidth 2 dashtype i pointtype 3 + 2 * i title word(names, i)
unset multiplot
