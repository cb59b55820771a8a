# --pipe: commands without a shell between them.
# SPDX-License-Identifier: Apache-2.0

$ brood run --pipe -- $HELPER out 'a\nb\n' -- $HELPER cat -- wc -l
2

$ brood run --input through --pipe -- $HELPER cat -- $HELPER cat; echo
through

$ brood run --pipe -- $HELPER exit 3 -- $HELPER cat
[3]

$ brood run --pipe -- $HELPER spam 1G -- $HELPER cat-n 3; echo
xxx

$ brood run --pipe -- $HELPER pause -- /no/such/program
brood: exec '/no/such/program': No such file or directory
[127]

$ brood run --timeout 100ms --pipe -- $HELPER out seen + pause -- $HELPER cat
seenbrood: timeout .*: timed out (re)
[124]

$ brood run --json --pipe -- $HELPER err e + out o -- $HELPER cat | grep -o '"success".*' | sed 's/"pid":[0-9]*/"pid":N/g; s/"[a-z_]*_seconds":[0-9.e-]*,//g; s/"max_rss_bytes":[0-9]*,//g; s/"argv":[^]]*[]],//g'
"success":true,"stdout":"o","stages":[{"pid":N,"reason":"exited","exit_code":0,"signal":null,"complete":true,"containment":"sealed","attempts":1,"success":true,"stderr":"e"},{"pid":N,"reason":"exited","exit_code":0,"signal":null,"complete":true,"containment":"sealed","attempts":1,"success":true,"stderr":""}]}

$ brood run --pipe -- a -- -- b
brood: run: --pipe: a stage is empty: CMD -- CMD -- CMD
[125]

$ brood run --pipe
brood: run: --pipe: a stage is empty: CMD -- CMD -- CMD
[125]

$ brood run --pipe --shell -- a -- b
brood: run: contradictory options: --pipe and --shell
[125]

$ brood run --dry-run --pipe -- a 'b c' -- d
a 'b c' | d

$ brood run --pipe -- $HELPER out r + pause -- $HELPER cat >out & until test -s out; do sleep 0.01; done; kill -TERM $!; wait $!; echo "status $?"
status 143

$ brood run --pipe --stderr errors -- $HELPER err 'long one\n' + out 'x\n' -- $HELPER cat + err 'two\n'; cat errors
x
long one
two

$ brood run --pipe --stdout both --stderr ./both -- $HELPER err 'long one\n' + out 'x\n' -- $HELPER cat + err 'two\n'; cat both
long one
x
two
