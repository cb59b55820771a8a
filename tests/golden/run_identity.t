# As whom the command runs: user, groups, umask, niceness, session. Who is not root sees it stay as it is.
# SPDX-License-Identifier: Apache-2.0

$ brood run --user $(id -u) -C / -- $HELPER ids | grep -c "^.*uid $(id -u)\$"
3

$ if [ $(id -u) = 0 ]; then brood run --user 12345 -C / -- $HELPER ids | grep -c ' 12345$'; else echo 6; fi
6

$ if [ $(id -u) = 0 ]; then brood run --user 65534 --group 12346 --extra-groups 7,5 -C / -- $HELPER ids; else printf '%s\n' 'uid 65534' 'gid 12346' 'group 5' 'group 7'; fi | grep -E '^(uid|gid|group)'
uid 65534
gid 12346
group 5
group 7

$ if [ $(id -u) = 0 ]; then brood run --user nobody --env SHELL=/mine -C / -- $HELPER env HOME USER LOGNAME SHELL; else printf '%s\n' HOME=/nonexistent USER=nobody LOGNAME=nobody SHELL=/mine; fi
HOME=/nonexistent
USER=nobody
LOGNAME=nobody
SHELL=/mine

$ if [ $(id -u) = 0 ]; then brood run --extra-groups '' -C / -- $HELPER ids; fi | grep group
[1]

$ if [ $(id -u) = 0 ]; then echo Operation not permitted; else brood run --user 0 -- touch started; test $? = 125; fi
.*Operation not permitted (re)

$ brood run --user no-such-user -- touch started
brood: identity 'no-such-user': there is no such user
[125]

$ brood run --group no-such-group -- touch started
brood: identity 'no-such-group': there is no such group
[125]

$ brood run --extra-groups no-such-group -- touch started
brood: identity 'no-such-group': there is no such .* (re)
[125]

$ brood run --umask 0077 -- $HELPER umask
0077

$ brood run --umask 999 -- touch started
brood: --umask: '999': not an octal number from 0 to 777
[125]

$ brood run --umask 01000 -- touch started
brood: --umask: '01000': not an octal number from 0 to 777
[125]

$ now=$($HELPER nice); brood run --nice 2 --nice 5 -- $HELPER nice | awk -v now=$now '{ print $1 - now == (now > 14 ? 19 - now : 5) }'
1

$ brood run --nice 40 -- touch started
brood: --nice: '40': not a number from -40 to 39
[125]

$ brood run --new-session -- $HELPER session > ids; awk '$1 == "pid" || $1 == "pgid" || $1 == "sid" { print $2 }' ids | uniq | wc -l
1

$ brood run --process-group 0 -- $HELPER session > ids; awk '$1 == "pid" || $1 == "pgid" { print $2 }' ids | uniq | wc -l
1

$ brood run --process-group nope -- touch started
brood: --process-group: 'nope': not a number from 0 to 2147483647
[125]

$ brood run --new-session --process-group 0 -- touch started
brood: process_group: contradicts new_session, which has a group of its own
[125]

$ ls
ids
