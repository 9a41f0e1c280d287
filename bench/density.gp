# SPDX-License-Identifier: GPL-2.0
# density.gp - the curve of scripts/random-access, from density.tsv; form is given
set datafile separator "\t"
set datafile missing NaN
if (form eq "png") { set terminal png size 1000,700 } else { set terminal svg size 1000,700 }
set output "density." . form
set title "Set-up and one access to each page that is used, file in the page cache"
set logscale xy
set key top left
set grid
set xlabel "pages used, %"
set ylabel "thousands of instructions"
plot for [w in "plain mlock on-fault"] "density.tsv" \
	using ($2 / 10):(strcol(3) eq w ? $4 : NaN) with linespoints title w
