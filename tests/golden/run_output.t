# Where the command's output goes.
# SPDX-License-Identifier: Apache-2.0

$ brood run --stdout out --stderr err -- $HELPER out 'o\n' + err 'e\n'; cat out; echo -; cat err
o
-
e

$ brood run --append --stdout out -- $HELPER out 'more\n'; cat out
o
more

$ brood run --stdout out -- $HELPER out 'new\n'; cat out
new

$ brood run --merge --stdout both -- $HELPER out '1\n' + err '2\n' + out '3\n'; cat both
1
2
3

$ brood run --merge -- $HELPER err 'e\n' 2>/dev/null
e

$ brood run --input text --stdout out -- $HELPER cat; cat out; echo
text

$ echo from a file > in; brood run --stdin in -- $HELPER cat
from a file

$ brood run --tee log -- $HELPER out 'o\n' + err 'e\n' 2>/dev/null
o

$ sort log
e
o

$ brood run --tee log --append -- $HELPER out 'z\n'; sort log
z
e
o
z

$ brood run --tee log --merge -- $HELPER out '1\n' + err '2\n' + out '3\n' 2>/dev/null; cat log
1
2
3
1
2
3

$ brood run --tee log --stdout out -- $HELPER out 'o\n'; cat log out
o
o

$ brood run --quiet-ok -- $HELPER out 'o\n' + err 'e\n'

$ brood run --quiet-ok -- $HELPER out 'o\n' + err 'e\n' + exit 4
o
e
[4]

$ brood run --quiet-ok -- $HELPER out 'o\n' + err 'e\n' + exit 4 2>/dev/null
o
[4]

$ brood run --quiet-ok --timeout 0.1 -- $HELPER out 'o\n' + pause
o
brood: timed out after 100 ms: .* (re)
[124]

$ brood run --quiet-ok --merge -- $HELPER err '1\n' + out '2\n' + exit 1 2>/dev/null
1
2
[1]

$ brood run --quiet-ok --tee log -- $HELPER out 'kept\n'; cat log
kept

$ brood run --quiet-ok -- $HELPER spam 20M + exit 1 | wc -c
20971520

$ brood run --quiet-ok --max-output 10 -- $HELPER spam 100 + pause 2>err | wc -c; cat err
10
brood: wrote more than 10 bytes of output: .* (re)

$ brood run --quiet-ok -- $HELPER hold-pipe 30 + exit 1 | wc -l
1

$ brood run --tee log -- $HELPER hold-pipe 30 | wc -l
1

$ ls -A "${TMPDIR}"
work

$ brood run --idle-timeout 2 --stdout f -- $HELPER out a + sleep 0.1 + out b; cat f; echo
ab

$ brood run --max-output 5 -- true
brood: run: max_output is about output that is collected: it needs --json, or --quiet-ok with --max-output
[125]

$ brood run --best-effort --open-files 99999999999 -- true
brood: done without limits.open_files: 99999999999 is above the hard limit of .* (re)

$ { brood run --tee log -- $HELPER spam 200M; echo $? >status; } | head -c 1 | wc -c; cat status; [ "$(wc -c <log)" -lt 200000000 ]
1
141

$ rm -f log; brood run --tee log -- $HELPER out 'x\n' + err 'y\n' 2>&-; cat log
x
x
y

$ rm -f log; brood run --tee log -- $HELPER out 'x\n' + err 'y\n' >&-; cat log
y
brood: write 'stdout': Bad file descriptor
x
y

$ brood run --stdout both --stderr ./both -- $HELPER out '111\n' + err '2\n' + out '3\n'; cat both
111
2
3

$ brood run --json -- $HELPER spam 40M >json; wc -c <json; grep -o '"stdout_omitted":[0-9]*' json
brood: left out 25165824 bytes in the middle of the output: --max-output keeps more
167[0-9]* (re)
"stdout_omitted":25165824

$ TMPDIR=/nonexistent brood run --quiet-ok -- $HELPER out 'held\n' + exit 1
held
[1]

$ TMPDIR=/nonexistent brood map --no-journal $HELPER out '{}\n' ::: a
a
