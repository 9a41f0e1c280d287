# SPDX-License-Identifier: GPL-2.0
# density.gp - the curve of scripts/random-access, from density.tsv; form is given
set datafile separator "\t"
set datafile missing NaN
if (form eq "png") { set terminal png size 1200,600 } else { set terminal svg size 1200,600 background rgb "white" }
set output "density." . form
set multiplot layout 1, 2 title "Set-up and one access to each page that is used"
set logscale xy
set key bottom right
set grid
set xlabel "pages used, %"
set ylabel "thousands of instructions"
set yrange [100:200000]
set title "file in the page cache, read"
plot for [w in "plain mlock on-fault"] "density.tsv" \
	using (strcol(2) eq "file" ? $3 / 10 : NaN):(strcol(4) eq w ? $5 : NaN) with linespoints title w
set title "anonymous memory, written"
plot for [w in "plain mlock on-fault"] "density.tsv" \
	using (strcol(2) eq "anonymous" ? $3 / 10 : NaN):(strcol(4) eq w ? $5 : NaN) with linespoints title w
unset multiplot
