# The limits that `brood run` sets, and what it says when one is met.
# SPDX-License-Identifier: Apache-2.0

$ brood run --address-space 1G --open-files 40 --file-size 1M --processes 4000 --core 0 --stack 1M -- $HELPER limits > all; grep -E '^(as|nofile|fsize|nproc|core|stack) ' all
as 1073741824 1073741824
core 0 0
fsize 1048576 1048576
nofile 40 40
nproc 4000 4000
stack 1048576 1048576

$ brood run --cpu-time 1500ms -- $HELPER limits | grep '^cpu'
cpu 2 3

$ brood run --cpu-time 1 -- $HELPER burn-cpu 20
brood: used up its CPU time of 1 s: .*brood-helper burn-cpu 20 (re)
[152]

$ brood run -q --file-size 1000 -- $HELPER write-file big 1M
[153]

$ brood run --file-size 1000 -- $HELPER write-file big 1M
brood: wrote a file of more than 1000 bytes: .*brood-helper write-file big 1M (re)
[153]

$ wc -c < big
1000

$ brood run --address-space 100M -- $HELPER eat-memory 200M
ENOMEM

$ brood run --open-files 10 -- $HELPER open-files 20
[1-9] (re)

$ ulimit -n 100; brood run --open-files 101 -- touch started
brood: limits.open_files: 101 is above the hard limit of 100
[125]

$ ulimit -n 100; brood run --best-effort --open-files 101 -- $HELPER limits | grep nofile
brood: done without limits.open_files: 101 is above the hard limit of 100
nofile 100 100

$ ulimit -n 100; brood run -v --best-effort --open-files 101 -- true
brood: exit status 0 after .*: true (re)
brood: done without limits.open_files: 101 is above the hard limit of 100

$ brood run --core nope -- touch started
brood: --core: 'nope' is not a size such as 4096, 64K, 512m, 1.5G
[125]

$ brood run --open-files -1 -- touch started
brood: --open-files: .*'-1'.* (re)
[125]

$ brood run --cpu-time soon -- touch started
brood: --cpu-time: .*'soon'.* (re)
[125]

$ ls
all
big

$ brood run --dry-run --address-space 1.5g --core 512kb -t 1h30 --drain-grace '5 min' -- true
true
  limits.address_space 1.5g
  limits.core 512kb
  timeout 1h30
  drain_grace '5 min'
  contain sealed
  stop SIGTERM, 5 s, SIGKILL

$ brood run --address-space 1.5 -- touch started
brood: --address-space: '1.5' is not a number of whole bytes
[125]
