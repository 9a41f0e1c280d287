# SPDX-License-Identifier: GPL-2.0
# overhead.gp - the ratios of scripts/overhead, from overhead-plot.tsv; form is given
set datafile separator "\t"
if (form eq "png") { set terminal png size 1000,900 } else { set terminal svg size 1000,900 background rgb "white" }
set output "overhead." . form
set title "Workloads without mlock(): instructions, against the control kernel"
set key above
set grid
stats "overhead-plot.tsv" using 2 nooutput
rows = STATS_records
stats "overhead-plot.tsv" using 3 name "least" nooutput
stats "overhead-plot.tsv" using 4 name "most" nooutput
set yrange [rows:-1]
# No row may lie outside
set xrange [(least_min < 0.995 ? least_min : 0.995) - 0.001:(most_max > 1.01 ? most_max : 1.01) + 0.001]
set xlabel "ratio; the bars go from the least to the greatest of the runs"
set arrow from 1.005,-1 to 1.005,rows nohead dashtype 2 linecolor rgb "red"
set arrow from 1,-1 to 1,rows nohead linecolor rgb "black"
plot "overhead-plot.tsv" using 2:0:3:4:ytic(1) with xerrorbars pointtype 7 \
	title "ratio", NaN with lines dashtype 2 linecolor rgb "red" title "the limit, 1.005"
