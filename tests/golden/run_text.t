# How collected output is decoded and bounded, and which exit codes are success.
# SPDX-License-Identifier: Apache-2.0

$ brood run --json -- $HELPER out 'a\r\nb\rc' | grep -o '"stdout.*'
"stdout":"a\r\nb\rc","stderr":""}

$ brood run --json --text -- $HELPER out 'a\r\nb\rc' | grep -o '"stdout.*'
"stdout":"a\nb\nc","stderr":""}

$ brood run --json --encoding latin1 -- $HELPER out 'caf\xe9' | grep -o '"stdout.*'
"stdout":"café","stderr":""}

$ brood run --encoding latin1 --input 'é' -- $HELPER cat | od -An -tx1
 e9

$ brood run --json --text -- $HELPER out 'a\xff' > result
brood: decode 'UTF-8': not valid at byte 1
[125]

$ brood run --json --text --encoding-errors replace -- $HELPER out 'a\xff' | grep -o '"stdout.*'
"stdout":"a�","stderr":""}

$ brood run --json --text --encoding-errors ignore -- $HELPER out 'a\xffb' | grep -o '"stdout.*'
"stdout":"ab","stderr":""}

$ brood run --json --text --encoding-errors backslashreplace -- $HELPER out 'a\xff' | grep -o '"stdout.*'
"stdout":"a\\xff","stderr":""}

$ brood run --encoding nope --input x -- touch started
brood: encoding: 'nope' is not known
[125]

$ brood run --encoding-errors nope -- touch started
brood: --encoding-errors: 'nope': not one of strict, replace, ignore, backslashreplace
[125]

$ brood run --json --max-output 4 --overflow head -- $HELPER out 0123456789 | grep -o '"stdout.*'
"stdout":"0123","stdout_omitted":6,"stderr":""}

$ brood run --json --max-output 4 --overflow tail -- $HELPER out 0123456789 | grep -o '"stdout.*'
"stdout":"6789","stdout_omitted":6,"stderr":""}

$ brood run --json --max-output 4 --overflow head-tail -- $HELPER out 0123456789 | grep -o '"stdout.*'
"stdout":"0189","stdout_omitted":6,"stderr":""}

$ brood run --json --max-output 4 --overflow spill:spilled -- $HELPER out 0123456789 | grep -o '"stdout.*'; cat spilled; echo
"stdout":"0123","stdout_omitted":6,"stderr":""}
0123456789

$ brood run --max-output 4 --overflow nope -- touch started
brood: --overflow: 'nope': not one of error, head, tail, head-tail, spill:FILE
[125]

$ brood run --ok-codes 3,7-9 --quiet-ok -- $HELPER out 'o\n' + exit 8
[8]

$ brood run --ok-codes 3,7-9 --quiet-ok -- $HELPER out 'o\n' + exit 4
o
[4]

$ brood run --ok-codes 300 -- touch started
brood: --ok-codes: '300': not exit codes such as 0,3,5-9
[125]

$ brood run --json --drain-grace 0 -- $HELPER hold-pipe 30 | grep -o '"complete":[a-z]*'
"complete":false

$ brood run --json --drain-grace 30 -- $HELPER bg sleep 0.2 , out late + exit 0 | grep -o '"complete":[a-z]*\|"stdout.*'
"complete":true
"stdout":"late","stderr":""}

$ ls
result
spilled
