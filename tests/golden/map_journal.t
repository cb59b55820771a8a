# The journal: what has been done is not done again.
# SPDX-License-Identifier: Apache-2.0

$ brood map -j1 $HELPER exit ::: 0 1; brood map -j1 --resume --explain $HELPER exit ::: 0 1 2 2>&1 | sed "s,$HELPER,HELPER,"
brood: 1 of 2 jobs failed: 'brood report --failed' has more
job 1 skipped: succeeded in run 1: HELPER exit 0
job 2 runs: failed in run 1: exit status 1: HELPER exit 1
job 3 runs: no earlier run has it: HELPER exit 2
brood: 0 ok, 2 failed, 1 had succeeded before; 'brood report --failed' has more

$ brood map --dry-run --resume $HELPER exit ::: 0 1 2 | sed "s,$HELPER,HELPER,"
HELPER exit 1
HELPER exit 2

$ brood map --dry-run --explain $HELPER exit ::: 0 5 | sed "s,$HELPER,HELPER,"
job 1 skipped: succeeded in run 1: HELPER exit 0
job 2 runs: no earlier run has it: HELPER exit 5

$ echo 1 > in; brood map --depends '{}' -j1 $HELPER echo ::: in; brood map --resume --depends '{}' $HELPER echo ::: in
in
brood: nothing to do, 1 had succeeded before

$ echo 2 > in; brood map --resume --depends '{}' $HELPER echo ::: in
in

$ brood map --resume --depends '{}' $HELPER echo ::: gone 2>&1 | sed "s,'.*/,',"
brood: cannot read the input 'gone': No such file or directory

$ brood map --resume --env A=1 $HELPER echo ::: b; brood map --resume --env A=2 $HELPER echo ::: b; brood map --resume --env A=2 $HELPER echo ::: b
b
b
brood: nothing to do, 1 had succeeded before

$ brood map --resume -k $HELPER echo ::: x b y; brood map --resume -k $HELPER echo ::: y z x
x
b
y
z
brood: 1 ok, 2 had succeeded before

$ mkdir apart; cd apart; brood map --no-journal $HELPER echo ::: a; ls -A
a

$ mkdir damaged; cd damaged; mkdir .brood; seq 1000 > .brood/journal.db; brood map $HELPER echo ::: a 2>&1 | sed "s, ./.*,,"
brood: the journal

$ brood map --lock $HELPER echo ::: a
a
