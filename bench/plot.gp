# SPDX-License-Identifier: GPL-2.0
# plot.gp - the pictures of scripts/bench, from plot.tsv; form and kernels are given
set datafile separator "\t"
if (form eq "png") { set terminal png size 1000,700 } else { set terminal svg size 1000,700 }
set key top left
set grid

# Sizes in MiB from "64 GiB, 0 present"
unit(s) = (s eq "MiB,") ? 1.0 : (s eq "GiB,") ? 1024.0 : 1048576.0
mib(s) = word(s, 1) * unit(word(s, 2))
empty(s) = (strstrt(s, ", 0 present") > 0)

set output "range-cost." . form
set title "Instructions to lock, munlock and munmap an on-fault range with nothing present"
set logscale xy
set xlabel "size of the range, MiB"
set ylabel "instructions"
op(i) = word("lock munlock munmap", i)
plot for [k in kernels] for [i = 1:3] "plot.tsv" \
	using (strcol(3) eq k && strcol(2) eq op(i) && empty(strcol(1)) ? mib(strcol(1)) : NaN):4 \
	with linespoints title sprintf("%s, %s", k, op(i))

set output "touch." . form
unset logscale
set title "Instructions of a first touch, per page"
set xlabel ""
set style data histograms
set style fill solid 0.7
set boxwidth 0.8
set xtics rotate by -25
set yrange [0:*]
touches = "anonymous-write tmpfs-read tmpfs-shared-write tmpfs-private-write swap-cache-read"
ways = "plain onfault eager"
# One kernel, the series: the first that is neither a control kernel nor stock
ours = ""
do for [k in kernels] {
	if (ours eq "" && strstrt(k, "control") == 0 && strstrt(k, "stock") == 0) { ours = k }
}
x(s) = s eq "anonymous-write" ? 0 : s eq "tmpfs-read" ? 1 : s eq "tmpfs-shared-write" ? 2 : s eq "tmpfs-private-write" ? 3 : s eq "swap-cache-read" ? 4 : NaN
set xtics ("anonymous write" 0, "tmpfs read" 1, "tmpfs shared write" 2, "tmpfs private write" 3, "swap cache read" 4)
plot for [i = 1:3] "plot.tsv" \
	using (x(word(strcol(1), 3)) + (i - 2) * 0.25):(strcol(3) eq ours && strcol(2) eq word(ways, i) ? $4 : NaN):(0.22) \
	with boxes title sprintf("%s, %s", ours, word(ways, i))
