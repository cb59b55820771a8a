# Mistakes in calls of map: one clear line each, and nothing is started.
# SPDX-License-Identifier: Apache-2.0

$ brood map
brood: map: there is no command; see 'brood map --help'
[125]

$ brood map ::: a
brood: map: there is no command before ':::'; if the arguments are commands, write --shell
[125]

$ brood map --nope echo ::: a
brood: map: unknown option '--nope'; see 'brood map --help'
[125]

$ brood map --halt bad echo ::: 1
brood: --halt: 'bad' is not never or WHEN,WHAT=N, such as now,fail=1 or soon,done=50%
[125]

$ brood map --halt now,fail=0 echo ::: 1
brood: --halt: 'now,fail=0' is not never or WHEN,WHAT=N, such as now,fail=1 or soon,done=50%
[125]

$ brood map --colsep '' echo ::: 1
brood: --colsep: must not be empty
[125]

$ brood map --colsep '\q' echo ::: 1
brood: --colsep: '\q': the escapes are \t, \n, \r, \0 and \\
[125]

$ brood map -d ab echo ::: 1
brood: --delimiter: 'ab' is not one character
[125]

$ brood map -I '' echo ::: 1
brood: --replace: the replacement string must not be empty
[125]

$ brood map echo {3} ::: 1 ::: 2
brood: map: {3}: there are only 2 arguments for each job ({{3} is the text itself)
[125]

$ brood map echo {0} ::: 1
brood: map: {0}: arguments count from {1} ({{0} is the text itself)
[125]

$ brood map --header x echo ::: 1
brood: --header: 'x' is not ':', the first line
[125]

$ brood map -j 0% echo ::: 1
brood: --jobs: '0%' is not a number of jobs such as 4, 50%, +1 or 0
[125]

$ brood map -j 1.5 echo ::: 1
brood: --jobs: '1.5' is not a number of jobs such as 4, 50%, +1 or 0
[125]

$ brood map -n 0 echo ::: 1
brood: --max-args: '0' is not a number of at least 1
[125]

$ brood map -t 50% echo ::: 1
brood: --timeout: '50%' is not a duration, nor a share above 100% of the median
[125]

$ brood map -a /nowhere echo
brood: open '/nowhere': No such file or directory
[125]

$ brood map -a / echo
brood: read '/': Is a directory
[125]

$ brood map echo :::: /nowhere
brood: open '/nowhere': No such file or directory
[125]

$ brood map echo :::+ a
brood: map: :::+ has no arguments before it to go with
[125]

$ brood map echo ::::
brood: map: :::: needs the name of a file
[125]

$ printf 'a\0b\n' | brood map echo
brood: 'stdin', line 1 has a NUL byte, which no argument can have: are they separated by NUL (-0)?
[125]

$ printf '"a\n' | brood map --csv echo
brood: 'stdin', line 1: a quote is not closed
[125]

$ brood map --shell 'echo `cat {}`' ::: a
brood: map: --shell: after 'echo `cat ' no argument can be quoted: it would be within or after `...`; hand it to a command as a word of its own, or in a variable (x={}; ... "$x")
[125]

$ brood map --no-journal --resume echo ::: a
brood: map: contradictory options: --no-journal and --resume or --explain
[125]

$ brood map --pipe echo ::: a
brood: map: --pipe takes no arguments after :::
[125]

$ seq 3 | brood map --pipe --header : cat
brood: map: contradictory options: --pipe and --header, --csv, --colsep, --null, --delimiter or --shuf
[125]

$ brood map --recend x echo ::: a
brood: map: --recstart and --recend are for --pipe
[125]

$ brood map nope ::: a b c d
brood: exec 'nope': No such file or directory
[127]

$ brood map /etc/passwd ::: a b c d
brood: exec '/etc/passwd': Permission denied
[126]

$ brood map -C nowhere $HELPER echo ::: a b
brood: chdir 'nowhere': No such file or directory
[125]

$ brood map -j1 {} echo x ::: nope $HELPER
brood: job 1: exec 'nope': No such file or directory
x
brood: 1 of 2 jobs failed: 'brood report --failed' has more
[1]

$ brood map --umask 999 echo ::: a
brood: --umask: '999': not an octal number from 0 to 777
[125]

$ brood map --results /proc/nope echo ::: a
brood: mkdir '/proc/nope': No such file or directory
[125]

$ brood map --joblog /proc/nope echo ::: a
brood: open '/proc/nope': No such file or directory
[125]

$ head -c 200000 /dev/zero | tr '\0' x | brood map /bin/echo | wc -c
brood: job 1: exec '/bin/echo': Argument list too long
brood: 1 of 1 jobs failed: 'brood report --failed' has more
0

$ brood map $HELPER echo ::: a > /dev/full
brood: cannot write to stdout: No space left on device
[125]

$ brood map $HELPER echo ::: a >&-
brood: cannot write to stdout: Bad file descriptor
[125]

$ brood map $HELPER echo <&-
brood: read 'stdin': Bad file descriptor
[125]

$ seq 50 | (ulimit -n 40; brood map -j 50 $HELPER echo | wc -l)
brood: the limit of open files allows 1 jobs at once: 'ulimit -n' changes it
50

$ seq 2000 | brood map nope
brood: exec 'nope': No such file or directory
[127]

$ touch secret; chmod 0 secret; [ -r secret ] && echo "brood: open 'secret': Permission denied" || brood map -a secret echo; true
brood: open 'secret': Permission denied

$ seq 9 | sed "s/.*/'/" | brood map -n 9 --shell 'echo {} "{}"'
' ' ' ' ' ' ' ' ' ' ' ' ' ' ' ' ' '
