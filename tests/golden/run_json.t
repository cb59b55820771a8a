# The object of --json: its keys, their order, and what bytes become.
# SPDX-License-Identifier: Apache-2.0

$ brood run --json -- $HELPER out 'o\n' + err 'é\n' + exit 2 > result
[2]

$ cat result
\{"argv":\[".*brood-helper","out",.*,"exit","2"\],"pid":[0-9]+,"reason":"exited","exit_code":2,"signal":null,"wall_seconds":[0-9.e-]+,"user_seconds":[0-9.e-]+,"system_seconds":[0-9.e-]+,"max_rss_bytes":[0-9]+,"complete":true,"containment":"sealed","attempts":1,"success":false,"stdout":"o\\n","stderr":"é\\n"\} (re)

$ brood run --json -- $HELPER kill-self USR1 | grep -o '"reason.*,"wall'
"reason":"signaled","exit_code":null,"signal":10,"wall

$ brood run --json --timeout 0.1 -q -- $HELPER out 'before' + pause | grep -o '"reason":"[a-z_]*"\|"stdout.*'
"reason":"timed_out"
"stdout":"before","stderr":""}

$ brood run --json -- $HELPER out '\xff\x00a' | grep -o '"stdout.*'
"stdout":"�\u0000a","stdout_base64":"/wBh","stderr":""}

$ brood run --json -- $HELPER out '\xed\xa0\x80' | grep -o '"stdout.*'
"stdout":"���","stdout_base64":"7aCA","stderr":""}

$ brood run --json -- $HELPER out '\xf0\x9f\x90\xa3\x00\x1b' | grep -o '"stdout.*'
"stdout":"🐣\u0000\u001b","stderr":""}

$ brood run --json --stdout out -- $HELPER out o + err e | grep -o '"attempts.*'; cat out; echo
"attempts":1,"success":true,"stderr":"e"}
o

$ brood run --json --merge -- $HELPER out o + err e | grep -o '"attempts.*'
"attempts":1,"success":true,"stdout":"oe"}

$ brood run --json --tee log -- $HELPER out o + err e | grep -o '"attempts.*'; cat log; echo
"attempts":1,"success":true,"stdout":"o","stderr":"e"}
oe|eo (re)

$ brood run --json --max-output 3 -q -- $HELPER spam 100 + pause | grep -o '"reason":"[a-z_]*"'
"reason":"output_limit"

$ brood run --json --contain process -- true | grep -o '"containment":"[a-z]*"'
"containment":"process"

$ brood run --json -- nope 'a b' 2>/dev/null
{"argv":["nope","a b"],"pid":null,"reason":"not_started","exit_code":null,"signal":null,"attempts":1,"error":"exec 'nope': No such file or directory"}
[127]

$ brood run --json -- true | python3 -c 'import json, sys; print(len(sys.stdin.readlines()))'
1
