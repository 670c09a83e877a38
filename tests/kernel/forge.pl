# SPDX-License-Identifier: GPL-2.0-or-later
# Makes a patch for another build of the kernel: forge.pl FROM.sut TO.sut WORD NEW replaces the first WORD by
# NEW, which must be as long, and puts the digest right again.
use strict;
use Digest::SHA qw(sha256);
my ($from, $to, $old, $new) = @ARGV;
open(my $f, '<:raw', $from) or die "$from: $!";
my $d = do { local $/; <$f> };
length($old) == length($new) or die "not as long";
my $at = index($d, $old);
$at >= 0 or die "$old is not there";
substr($d, $at, length($old)) = $new;
# Offsets in the headers of both classes of ELF file.
my $wide = ord(substr($d, 4, 1)) == 2;
my ($word, $len) = $wide ? ('Q<', 8) : ('V', 4);
my $shoff = unpack($word, substr($d, $wide ? 40 : 32, $len));
my ($size, $num, $str) = unpack('v3', substr($d, $wide ? 58 : 46, 6));
my $content = $wide ? 24 : 16;
my $names = unpack($word, substr($d, $shoff + $str * $size + $content, $len));
for my $i (1 .. $num - 1) {
	my $sh = substr($d, $shoff + $i * $size, $size);
	my $name = unpack('Z*', substr($d, $names + unpack('V', $sh), 64));
	next if $name ne '.suture.digest';
	my $off = unpack($word, substr($sh, $content, $len));
	substr($d, $off, 32) = "\0" x 32;
	substr($d, $off, 32) = sha256($d);
}
open(my $t, '>:raw', $to) or die "$to: $!";
print $t $d;
