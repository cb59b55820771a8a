# Blocks of stdin, and workers.
# SPDX-License-Identifier: Apache-2.0

$ seq 10 | brood map --pipe -n 4 -k $HELPER cat + out '-\n'
1
2
3
4
-
5
6
7
8
-
9
10
-

$ seq 10000 | brood map --pipe --block 10K -k $HELPER sum | wc -l
5

$ seq 10000 | brood map --pipe --block 10K -k $HELPER cat | cksum; seq 10000 | cksum
1588019829 48894
1588019829 48894

$ printf '>a\nx\n>b\n>c\n' | brood map --pipe --recstart '>' -n 1 -k $HELPER cat + out '-\n'
>a
x
-
>b
-
>c
-

$ seq 3 > three; brood map --pipe -a three -n 2 -k $HELPER echo {#} + cat
1
1
2
2
3

$ brood map --pipe $HELPER cat < /dev/null

$ printf '1+2\n3*4\n5+5\n' | brood map --pool -k -j2 $HELPER calc
3
12
10

$ brood map --pool -k -j2 $HELPER calc ::: 1+1 2+2
2
4

$ brood map --pool nope ::: 1 2 3
brood: exec 'nope': No such file or directory
[127]

$ brood map --pool -j1 $HELPER exit 3 ::: 1 2>&1 | sed "s,: read.*: exit,: exit,"
brood: request 1: exit status 3
brood: 1 of 1 requests failed

$ printf 'a\nb\0' | brood map --pool -0 $HELPER cat
brood: message: it has a newline, and messages are lines
[125]
