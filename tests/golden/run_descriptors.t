# Which descriptors the command gets, beyond its three streams.
# SPDX-License-Identifier: Apache-2.0

$ echo seven > 7; echo eight > 8

$ brood run -- $HELPER list-fds 7<7 8<8 | cut -d ' ' -f 1 | tr '\n' ' '
0 1 2 

$ brood run --keep-fds -- $HELPER list-fds 7<7 | grep -o '^7 .*/7'
7 /.*/work/7 (re)

$ brood run --pass-fds 7 -- $HELPER fd-read 7 7<7 8<8
seven

$ brood run --pass-fds 7,8 -- $HELPER list-fds 7<7 8<8 | cut -d ' ' -f 1 | tr '\n' ' '
0 1 2 7 8 

$ brood run --map-fd 9=7 --map-fd 42=8 -- $HELPER fd-read 9 + fd-read 42 7<7 8<8
seven
eight

$ brood run --map-fd 7=8 --map-fd 8=7 -- $HELPER fd-read 7 7<7 8<8
eight

$ brood run --map-fd 9=7 -- $HELPER list-fds 7<7 | cut -d ' ' -f 1 | tr '\n' ' '
0 1 2 9 

$ brood run --contain tree --map-fd 7=8 --map-fd 8=7 -- $HELPER fd-read 7 7<7 8<8
eight

$ brood run --pass-fds 77 -- touch started
brood: pass_fds: descriptor 77 is not open
[125]

$ brood run --map-fd 9=77 -- touch started
brood: map_fds: descriptor 77 is not open
[125]

$ brood run --map-fd 1=7 -- touch started 7<7
brood: map_fds: 0, 1 and 2 are set by in, out and err
[125]

$ brood run --map-fd 9 -- touch started
brood: --map-fd: '9': not CHILD=OURS such as 3=7
[125]

$ brood run --pass-fds x -- touch started
brood: --pass-fds: .*'x'.* (re)
[125]

$ ls
7
8
