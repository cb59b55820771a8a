# Why and how a command is ended, and what is said about it.
# SPDX-License-Identifier: Apache-2.0

$ brood run --timeout 50ms -- $HELPER pause
brood: timed out after 50 ms: .*brood-helper pause (re)
[124]

$ brood run -q --timeout 50ms -- $HELPER pause
[124]

$ brood run -v --timeout 50ms -- $HELPER pause
brood: timed out after 50 ms; killed by SIGTERM after 0\.[0-9]+ s \(user .* s, system .* s, max RSS .* MiB\): .*brood-helper pause (re)
[124]

$ brood run -v -- $HELPER exit 3
brood: exit status 3 after 0\.[0-9]+ s \(user 0\.[0-9]+ s, system 0\.[0-9]+ s, max RSS [0-9.]+ MiB\): .* (re)
[3]

$ brood run -t 0.1 -s INT -- $HELPER block-signals INT + wait-signal INT
INT
brood: timed out after 100 ms: .* (re)
[124]

$ brood run -v -t 0.1 -s KILL -- $HELPER ignore TERM + pause
brood: timed out after 100 ms; killed by SIGKILL after .* (re)
[124]

$ brood run -v -t 0.1 --kill-after 0.1 -- $HELPER ignore TERM + pause
brood: timed out after 100 ms; killed by SIGKILL after .* (re)
[124]

$ brood run -v -t 0.1 --stop USR1,50ms,INT,50ms,KILL -- $HELPER ignore USR1 + pause
brood: timed out after 100 ms; killed by SIGINT after .* (re)
[124]

$ brood run --idle-timeout 0.3 -- $HELPER drip 3 100 'x\n' + pause
x
x
x
brood: no output for 300 ms: .* (re)
[124]

$ brood run --idle-timeout 0.3 --quiet-ok -- $HELPER drip 3 100 'x\n'

$ brood run --timeout 20 -- $HELPER hold-pipe 30 | wc -l
1

$ brood run --contain process --timeout 0.1 -- $HELPER pause
brood: timed out after 100 ms: .* (re)
[124]

$ brood run --contain tree --timeout 0.1 -- $HELPER setsid-bg pause + pause
brood: timed out after 100 ms: .* (re)
[124]

$ brood run --init --timeout 0.1 -- $HELPER daemonise pause + pause
brood: timed out after 100 ms: .* (re)
[124]

$ brood run --best-effort -- $HELPER exit 5
[5]

$ brood run -t 0.1 -k 0.1 -- $HELPER ignore TERM + pause
brood: run: write --kill-after instead of -k: it is to mean --keep-order only, as in 'brood map'
brood: timed out after 100 ms: .* ignore TERM .* (re)
[124]

$ brood run -q -k5 -- true

$ brood run --help-all | grep -c -e ' -k'
0
[1]
