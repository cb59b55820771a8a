# A program that does not exist: what was probably meant stands in the message.
# SPDX-License-Identifier: Apache-2.0

$ brood run 'ls -l'
brood: exec 'ls -l': No such file or directory; if it is text for a shell, write --shell
[127]

$ brood run --shell 'echo a | tr a b'
b

$ brood run '$HOME/bin/x'
brood: exec '$HOME/bin/x': No such file or directory; if it is text for a shell, write --shell
[127]

$ brood run A=1 env
brood: exec 'A=1': No such file or directory; --env A=1 sets a variable
[127]

$ brood run cd /tmp
brood: exec 'cd': No such file or directory; 'cd' is a part of the shell: -C DIR runs the command there
[127]

$ brood run ulimit -n 5
brood: exec 'ulimit': No such file or directory; 'ulimit' is a part of the shell: limits are options, such as --open-files
[127]

$ brood run 10 sleep 20
brood: exec '10': No such file or directory; a time limit is --timeout 10
[127]

$ brood run -- --timeout 5 true
brood: exec '--timeout': No such file or directory; options come before the command and before --
[127]

$ printf '#!/bin/sh\necho script\n' > greet; brood run ./greet
brood: exec './greet': Permission denied; 'chmod +x' makes the script executable
[126]

$ chmod +x greet; brood run greet
brood: exec 'greet': No such file or directory; did you mean ./greet?
[127]

$ brood run --pipe echo a -- 'sort | uniq'
brood: exec 'sort | uniq': No such file or directory; if it is text for a shell, write --shell
[127]

$ brood map 'wc -l {} | sort' ::: a b
brood: map: there is no program 'wc -l {} | sort'; if it is text for a shell, write --shell
[125]

$ brood map {} ::: 'echo a'
brood: job 1: exec 'echo a': No such file or directory; if it is text for a shell, write --shell
brood: 1 of 1 jobs failed: 'brood report --failed' has more
[1]

$ brood map --pool 'python3 -u' ::: a
brood: exec 'python3 -u': No such file or directory; if it is text for a shell, write --shell
[127]

$ brood map echo :: a b
brood: map: '::' does not begin the arguments; did you mean ':::'?
[125]

$ brood map echo :::a b
brood: map: ':::a' does not begin the arguments; did you mean '::: a'?
[125]

$ brood map echo a b
brood: map: there are no arguments: stdin is /dev/null; give them after ':::'

$ brood map -q echo a b

$ echo x | brood map echo :: a
:: a x

$ brood map ::: 'echo a' 'echo b'
brood: map: there is no command before ':::'; if the arguments are commands, write --shell
[125]

$ brood map --shell -j1 ::: 'echo a' 'echo b'
a
b

$ ls
greet
