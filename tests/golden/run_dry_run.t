# What --dry-run prints; nothing is started.
# SPDX-License-Identifier: Apache-2.0

$ brood run --dry-run -- touch 'a b' "it's"; ls
touch 'a b' 'it'"'"'s'
  contain sealed
  stop SIGTERM, 5 s, SIGKILL

$ brood run --dry-run --timeout 10s --contain tree -s INT --kill-after 2 -- true
true
  timeout 10s
  contain tree
  stop SIGINT, 2 s, SIGKILL

$ brood run --dry-run --shell --tee 'the log' --merge --append --init 'a | b'; ls
/bin/sh -c 'a | b'
  append
  merge
  tee 'the log'
  init
  contain sealed
  stop SIGTERM, 5 s, SIGKILL

$ brood run --dry-run --quiet-ok -- true | sed -n 2p
  quiet-ok

$ brood run --dry-run --json --stdout out -- true; ls
true
  out out
  json
  contain sealed
  stop SIGTERM, 5 s, SIGKILL

$ brood run --dry-run --timeout nope -- true
brood: .*timeout.* (re)
[125]

$ brood run --dry-run --user no-such-user -- true
brood: identity 'no-such-user': there is no such user
[125]

$ brood run --dry-run --process-group 0 --new-session -- true
brood: .*process_group.* (re)
[125]

$ brood run --dry-run -s INT -- true | tail -n 1
  stop SIGINT, 5 s, SIGKILL
