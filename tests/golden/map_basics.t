# Arguments, replacement strings, order, exit status.
# SPDX-License-Identifier: Apache-2.0

$ brood map -k $HELPER echo ::: a 'b c' d
a
b c
d

$ printf 'a\nb c\n' | brood map -k $HELPER echo
a
b c

$ printf 'a\nb c\n' > list; brood map -k -a list $HELPER echo; brood map -k $HELPER echo :::: list
a
b c
a
b c

$ printf 'a\0b\nc\0' | brood map -0 -k $HELPER args | grep -v 0:
1:a
1:b
c

$ printf 'a,b' | brood map -d , -k $HELPER echo
a
b

$ brood map -j1 $HELPER echo {#}:{%}:{} ::: a b
1:1:a
2:1:b

$ brood map -k $HELPER echo {.} {/} {//} {/.} ::: dir/a.tar.gz b
dir/a.tar a.tar.gz dir a.tar
b b . b

$ brood map -k $HELPER echo {2}-{1} ::: a b ::: 1 2
1-a
2-a
1-b
2-b

$ brood map -k $HELPER echo {1}{2} ::: a b :::+ 1 2 3
a1
b2

$ brood map -k $HELPER echo ::: a b ::: 1
a 1
b 1

$ printf '1 2\n3 4\n' | brood map -k --colsep ' ' $HELPER echo {2} {1}
2 1
4 3

$ printf '1\t2\n' | brood map --colsep '\t' $HELPER echo {2} {1}
2 1

$ printf ' 1   2\n' | brood map --colsep '\s+' $HELPER echo {2} {1}
2 1

$ printf 'file,n\n"a b",1\n"c""d",2\n' | brood map -k --csv --header : $HELPER echo {n}={file}
1=a b
2=c"d

$ printf '\357\273\277"file" , size\na,1\n' | brood map -k --csv --header : $HELPER echo '{file}:{size}'
a:1

$ printf 'file,size\na,1\n' | brood map -k --csv --header : $HELPER echo {Depth}
brood: map: {Depth}: there is no such column; there are {file}, {size} ({{Depth} is the text itself)
[125]

$ printf 'aa\nb\n' > lines; brood map -k -I F grep -cE 'a{2}' F ::: lines
1

$ brood map -k grep -cE 'a{{2}' {} ::: lines
1

$ brood map -k grep -cE 'a{2}' {} ::: lines
brood: map: {2}: there is only 1 argument for each job ({{2} is the text itself)
[125]

$ brood map -k --header : $HELPER echo {x}{y} ::: x 1 2 ::: y 3
13
23

$ brood map -k -n 2 $HELPER args ::: a b c | grep -v 0:
1:a
2:b
1:c

$ brood map -k -I , $HELPER echo , {} ::: a
a {}

$ brood map -k --tag $HELPER echo x ::: a b
a	x a
b	x b

$ brood map -k --tagstring '{#}>' $HELPER out '1\n{}\n' ::: a b
1>	1
1>	a
2>	1
2>	b

$ brood map -k --shell 'echo {} | tr a-z A-Z' ::: "it's" '$HOME;'
IT'S
$HOME;

$ printf 'echo one; echo two\necho $((1+2))\n' | brood map -k --shell
one
two
3

$ seq 20 | brood map --shuf $HELPER echo | sort -n | tail -n 1
20

$ brood map $HELPER echo :::

$ brood map $HELPER echo < /dev/null
brood: map: there are no arguments: stdin is /dev/null; give them after ':::'

$ brood map -k -q $HELPER exit ::: 0 1 2
[2]

$ brood map $HELPER exit ::: 0 1
brood: 1 of 2 jobs failed: 'brood report --failed' has more
[1]

$ seq 150 | sed s/.*/1/ | brood map -q $HELPER exit
[101]

$ brood map $HELPER kill-self ::: TERM
brood: 1 of 1 jobs failed: 'brood report --failed' has more
[1]

$ brood map --ok-codes 0,3 $HELPER exit ::: 3

$ brood map -t 0.2 $HELPER sleep ::: 60 2>&1 | sed "s,$HELPER,HELPER,"
brood: job 1: timed out after 200 ms: HELPER sleep 60
brood: 1 of 1 jobs failed: 'brood report --failed' has more

$ brood map -j1 -t 1000% $HELPER sleep ::: 0.05 0.05 0.05 60 2>&1 | sed "s,$HELPER,HELPER,"
brood: job 4: took too long compared with the others: HELPER sleep 60
brood: 1 of 4 jobs failed: 'brood report --failed' has more

$ brood map -k --dry-run $HELPER sleep {} {#} ::: 1 'a b' | sed "s,$HELPER,HELPER,"
HELPER sleep 1 1
HELPER sleep 'a b' 2

$ brood map --dry-run --shell 'gzip < {} > {.}.gz' ::: 'a b.txt'
gzip < 'a b.txt' > 'a b'.gz

$ echo never read | brood map -k $HELPER swallow + echo ::: a
0
a

$ brood map --stdin list -k $HELPER cat + echo ::: a b
a
b c
a
a
b c
b

$ printf '\377\n' | brood map $HELPER echo | od -An -tx1
 ff 0a
