# Where output goes: streams apart, order, bounds, files, JSON.
# SPDX-License-Identifier: Apache-2.0

$ brood map -k $HELPER out '{}o\n' + err '{}e\n' ::: a b 2>/dev/null
ao
bo

$ brood map -k $HELPER out '{}o\n' + err '{}e\n' ::: a b 2>&1 >/dev/null
ae
be

$ brood map -k --merge $HELPER out '1\n' + err '2\n' + out '{}\n' ::: a 2>/dev/null
1
2
a

$ brood map -k -q --quiet-ok $HELPER out '{}\n' + exit {} ::: 0 1
1
[1]

$ brood map -k --lb --tag $HELPER out 'x\ny\nhalf{}\n' ::: a b
a	x
a	y
a	halfa
b	x
b	y
b	halfb

$ brood map -j1 -u $HELPER echo ::: a b
a
b

$ brood map -k --max-output 4 --overflow head $HELPER out '{}23456\n' ::: a
a234

$ brood map -k --max-output 4 --overflow tail $HELPER out '{}23456\n' ::: a
456

$ brood map -k --max-output 4 $HELPER out '{}123456\n' + pause ::: a 2>&1 | sed "s,$HELPER,HELPER,"
a123brood: job 1: wrote more than 4 bytes of output: HELPER out 'a123456\n' + pause
brood: 1 of 1 jobs failed: 'brood report --failed' has more

$ brood map -j1 --results res $HELPER out '{}\n' + err 'e\n' + exit {} ::: 0 1 2>/dev/null; find res -type f | sort; cat res/1/1/stderr
0
1
res/1/0/stderr
res/1/0/stdout
res/1/1/stderr
res/1/1/stdout
e

$ brood map -q --results 'out/{#}' $HELPER echo ::: 'a/b'; cat out/1/stdout
a/b
a/b

$ rm -r res; brood map -q --results res $HELPER echo ::: a ::: b; find res -type d
a b
res
res/1
res/1/a
res/1/a/2
res/1/a/2/b

$ brood map -q --results res $HELPER echo ::: ../../x; ls -A res/1
../../x
..\_..\_x
a

$ brood map -j1 -q --joblog log $HELPER exit ::: 0 3; cut -f 1,2,5-8 log
Seq	Host	Send	Receive	Exitval	Signal
1	:	0	0	0	0
2	:	0	0	3	0

$ brood map -j1 -q --json $HELPER out '{}\n' + exit {} ::: 0 3 | sed 's/"argv.*reason/"reason/; s/"wall.*"complete/"complete/'
{"seq":1,"slot":1,"args":["0"],"reason":"exited","exit_code":0,"signal":null,"complete":true,"containment":"sealed","attempts":1,"success":true,"stdout":"0\n","stderr":""}
{"seq":2,"slot":1,"args":["3"],"reason":"exited","exit_code":3,"signal":null,"complete":true,"containment":"sealed","attempts":1,"success":false,"stdout":"3\n","stderr":""}

$ brood map -j2 --json $HELPER exit {} ::: 0 0 0 0 0 0 0 0 0 0 0 0 | sed 's/.*"slot":\([0-9]*\).*/\1/' | sort -u
1
2
$ brood map -j2 $HELPER out '{%}\n' ::: a b c d e f g h | sort -u
1
2
$ brood map --json nope ::: a
{"seq":1,"slot":1,"args":["a"],"argv":["nope","a"],"pid":null,"reason":"not_started","exit_code":null,"signal":null,"attempts":1,"error":"exec 'nope': No such file or directory"}
brood: exec 'nope': No such file or directory
[127]

$ brood map -j1 -q --retry 2 --results tries $HELPER exit-once mark 4 + echo ::: fine; ls tries/1/fine
fine
stderr
stderr.1
stdout
stdout.1

$ brood map -j1 --retry 3 $HELPER exit-once mark2 4 + echo ::: fine
brood: job 1, attempt 1 of 3: exit status 4
fine

$ brood map -j1 --retries 2 -q $HELPER exit ::: 7
[1]

$ brood map --max-output 10 --overflow spill:x echo ::: 1
brood: map: --overflow spill is for one command: --results keeps all output
[125]

$ brood map -u -k echo ::: 1
brood: map: contradictory options: --ungroup and --keep-order
[125]
