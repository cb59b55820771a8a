# The spellings that people know from xargs, GNU parallel and other tools, with the meaning they have there.
# SPDX-License-Identifier: Apache-2.0

$ brood map -P 1 $HELPER echo ::: a b
a
b

$ brood map --max-procs 1 $HELPER echo ::: a b
a
b

$ seq 3 | brood map -j1 -N 2 $HELPER echo '{1}-{2}'
1-2
3-

$ printf 'a\n\n  \nb\nc\n' | brood map -j1 -L 2 $HELPER echo
a b
c

$ seq 3 | brood map --pipe -L 2 cat
brood: map: contradictory options: --pipe and --max-lines
[125]

$ brood map -N 0 touch started ::: a
brood: --max-args: '0' is not a number of at least 1
[125]

$ brood map --dryrun touch started ::: a
touch started a

$ brood run --dryrun -- touch started | head -n 1
touch started

$ brood map -j1 --resume-failed -q $HELPER exit ::: 0 1
[1]

$ brood map -j1 --resume-failed --explain -q $HELPER exit ::: 0 1 2>&1 | sed 's/: .*exit/: exit/'
job 1 skipped: exit 0
job 2 runs: exit 1

$ brood map -j1 --halt-on-error 2 $HELPER exit ::: 1 0 0 -- ; brood map -j1 --halt 1 --progress $HELPER exit ::: 0 1 0 2>&1 | sed 's/after [0-9.]* m*s/after TIME/; s/done: .*exit/done: exit/'
brood: 0 ok, 1 failed, 3 not started; --resume goes on; 'brood report --failed' has more
brood: job 1: ok after TIME; 1 of 3 done: exit 0
brood: job 2: failed after TIME; 2 of 3 done: exit 1
brood: 1 ok, 1 failed, 1 not started; --resume goes on; 'brood report --failed' has more

$ brood map -j1 --halt 30% $HELPER exit ::: 1 ; brood map --halt 3 $HELPER exit ::: 1
brood: 1 of 1 jobs failed: 'brood report --failed' has more
brood: --halt: '3' is not never or WHEN,WHAT=N, such as now,fail=1 or soon,done=50%
[125]

$ brood -V; brood version
brood 0.1.0
brood 0.1.0

$ brood help | head -n 1; brood help map | head -n 1
Usage: brood VERB ...
Usage: brood map [OPTIONS] [--] COMMAND [WORDS...] [::: ARGS...]...

$ brood help nope
brood: there is no verb 'nope'; see 'brood --help'
[125]

$ brood hlep
brood: there is no verb 'hlep'; did you mean help?
[125]

$ brood map -V
brood: map: unknown option '-V'; write 'brood --version'
[125]

$ brood map --fail-fast touch started ::: a
brood: map: unknown option '--fail-fast'; --halt now,fail=1 stops at the first failure
[125]

$ brood map -r touch started ::: a
brood: map: unknown option '-r'; without arguments nothing is run anyway
[125]

$ brood run --retries 3 -- touch started
brood: run: unknown option '--retries'; --retry N is how many attempts there are
[125]

$ brood run -o file -- touch started
brood: run: unknown option '-o'; --stdout FILE writes to a file, --tee FILE copies
[125]

$ ls
