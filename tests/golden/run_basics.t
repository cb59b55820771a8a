# What `brood run` passes on untouched, and the exit statuses of the tool.
# SPDX-License-Identifier: Apache-2.0

$ brood --version
brood [0-9]+\.[0-9]+\.[0-9]+ (re)

$ brood run -- true

$ brood run $HELPER args 'a b' '' -c --json -- '*'
0:.*brood-helper (re)
1:a b
2:
3:-c
4:--json
5:--
6:*

$ echo hello | brood run -- $HELPER cat
hello

$ brood run -- $HELPER exit 3
[3]

$ brood run -- $HELPER exit 255
[255]

$ brood run -- $HELPER kill-self TERM
[143]

$ brood run -- $HELPER kill-self KILL
[137]

$ brood run --timeout 0.1 -- $HELPER pause
brood: timed out after 100 ms: .*brood-helper pause (re)
[124]

$ brood run --timeout 5 -- $HELPER exit 124
[124]

$ brood run -- nope
brood: exec 'nope': No such file or directory
[127]

$ brood run -- ./nope
brood: exec './nope': No such file or directory
[127]

$ echo not a program > plain; brood run -- ./plain
brood: exec './plain': Permission denied
[126]

$ printf 'MZ\001\002' > odd; chmod +x odd; brood run -- ./odd
brood: exec './odd': Exec format error
[126]

$ brood run -- /
brood: exec '/': Is a directory
[126]

$ mkdir dir; brood run -C dir -- $HELPER cwd
/.*/dir (re)

$ brood run --chdir nowhere -- $HELPER cwd
brood: chdir 'nowhere': No such file or directory
[125]

$ brood run -- $HELPER list-fds 7</dev/null | wc -l
3

$ brood run -- $HELPER signals
blocked
ignored
caught

$ trap '' USR1; brood run -- $HELPER signals
blocked
ignored 10
caught

$ brood run --shell 'echo $((1 + 2)) | cat'
3

$ brood run --shell echo one '|' cat ';' exit 4
one
[4]
