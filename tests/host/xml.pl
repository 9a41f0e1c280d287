# SPDX-License-Identifier: GPL-2.0
#
# xml.pl FILE - dies unless it is well-formed XML of elements, attributes and text: perl
# is always there, a parser is not
use strict;
use warnings;

local $/;
$_ = <>;
my $entity = qr/&(?:lt|gt|amp|quot|apos|#\d+);/;
my @open;

die "a character that XML has not\n" if /[\x00-\x08\x0b\x0c\x0e-\x1f]/;
s/^<\?xml[^?<>]*\?>\s*//;
die "it begins with other than an element\n" unless /^<\w/;
while (length) {
	if (s/^<(\/?)([A-Za-z][-\w]*)((?:\s+[A-Za-z][-\w]*="(?:[^<&"]|$entity)*")*)\s*(\/?)>//) {
		my ($end, $name, $attributes, $empty) = ($1, $2, $3, $4);
		die "</$name> closes nothing\n" if $end && (!@open || pop(@open) ne $name);
		push @open, $name unless $end || $empty;
		die "more than one root\n" if !@open && /\S/;
	} elsif (!s/^(?:[^<&]|$entity)+//) {
		die "not well-formed: ", substr($_, 0, 60), "\n";
	}
}
die "open at the end: @open\n" if @open;
