# SPDX-License-Identifier: GPL-2.0
# plot.gp - the pictures of scripts/bench, from plot.tsv; form and kernels are given
set datafile separator "\t"
if (form eq "png") { set terminal png size 1000,620 } else { set terminal svg size 1000,620 background rgb "white" }
# A line goes on over the rows that are not its own
set datafile missing NaN
set key outside right top
set grid

# "64 GiB, 0 present": the size in MiB, and the pages present
unit(s) = (s eq "MiB,") ? 1.0 : (s eq "GiB,") ? 1024.0 : 1048576.0
mib(s) = word(s, 1) * unit(word(s, 2))
is_range(s) = (word(s, 4) eq "present")
present(s) = real(word(s, 3))

# A colour and a point for each operation, a dash for each kernel; "not locked" is the same
# operation on a mapping without a lock
op(i) = word("lock munlock munmap exit", i)
is_op(s, i) = (s eq op(i))
colour(i) = word("#0072b2 #d55e00 #009e73 #cc79a7", i)
title(k, i) = sprintf("%s, %s", k, op(i))
# What has an mlock2()
locking = ""
do for [k in kernels] {
	if (strstrt(k, "control") == 0) { locking = locking . " " . k }
}

set output "range-cost." . form
set title "An on-fault range with nothing present"
set logscale xy
set xlabel "size of the range"
set xtics ("1 MiB" 1, "64 MiB" 64, "4 GiB" 4096, "64 GiB" 65536, "1 TiB" 1048576, "16 TiB" 16777216)
set xrange [0.7:24000000]
set ylabel "instructions (k: thousands, M: millions, G: billions)"
set format y "%.0s %c"
plot for [j = 1:words(locking)] for [i = 1:4] "plot.tsv" \
	using (strcol(3) eq word(locking, j) && is_op(strcol(2), i) && is_range(strcol(1)) && present(strcol(1)) == 0 ? mib(strcol(1)) : NaN):4 \
	with linespoints linecolor rgb colour(i) dashtype j pointtype 3 + 2 * i title title(word(locking, j), i), \
	for [j = 1:words(kernels)] "plot.tsv" \
	using (strcol(3) eq word(kernels, j) && strcol(2) eq "munmap, not locked" && is_range(strcol(1)) && present(strcol(1)) == 0 ? mib(strcol(1)) : NaN):4 \
	with lines linecolor rgb "#666666" linewidth 2 dashtype j title sprintf("%s, munmap without a lock", word(kernels, j))

set output "present-cost." . form
set title "An on-fault range of 4 GiB"
set xlabel "pages present, evenly spread"
set autoscale x
set xtics autofreq
set format x "%.0s %c"
plot for [j = 1:words(locking)] for [i = 1:4] "plot.tsv" \
	using (strcol(3) eq word(locking, j) && is_op(strcol(2), i) && is_range(strcol(1)) && mib(strcol(1)) == 4096 && present(strcol(1)) > 2 ? present(strcol(1)) : NaN):4 \
	with linespoints linecolor rgb colour(i) dashtype j pointtype 3 + 2 * i title title(word(locking, j), i), \
	for [j = 1:words(kernels)] "plot.tsv" \
	using (strcol(3) eq word(kernels, j) && strcol(2) eq "munmap, not locked" && is_range(strcol(1)) && mib(strcol(1)) == 4096 && present(strcol(1)) > 2 ? present(strcol(1)) : NaN):4 \
	with lines linecolor rgb "#666666" linewidth 2 dashtype j title sprintf("%s, munmap without a lock", word(kernels, j))

set output "touch." . form
unset logscale
set title "First touch of a page"
set xlabel ""
set bmargin 4
set ylabel "instructions a page"
set format "%g"
set style fill solid 0.85 border
set yrange [0:*]
set xrange [-0.6:5.6]
ways = "plain onfault eager"
names = "'not locked' 'on fault' 'mlock()'"
pattern(i) = word("#999999 #0072b2 #e69f00", i)
# One kernel, the series: the first that is neither a control kernel nor stock
ours = ""
do for [k in kernels] {
	if (ours eq "" && strstrt(k, "control") == 0 && strstrt(k, "stock") == 0) { ours = k }
}
cases = "anonymous-write tmpfs-read ext2-read tmpfs-shared-write tmpfs-private-write swap-cache-read"
x(s) = (sum [i = 1:6] (s eq word(cases, i) ? i : 0)) > 0 ? (sum [i = 1:6] (s eq word(cases, i) ? i - 1 : 0)) : NaN
set xtics ("anonymous\nwrite" 0, "tmpfs\nread" 1, "ext2\nread" 2, "tmpfs\nshared write" 3, "tmpfs\nprivate write" 4, "swap cache\nread" 5)
plot for [i = 1:3] "plot.tsv" \
	using (x(word(strcol(1), 3)) + (i - 2) * 0.25):(strcol(3) eq ours && strcol(2) eq word(ways, i) ? $4 : NaN):(0.22) \
	with boxes linecolor rgb pattern(i) title sprintf("%s, %s", ours, word(names, i))
