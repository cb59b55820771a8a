# How flags are read: short ones in clusters, values attached or not, order and repetition.
# SPDX-License-Identifier: Apache-2.0

$ brood run --timeout=10 -- true

$ brood run --timeout 10s --signal TERM --kill-after 500ms true

$ brood run -qk5 -sTERM true

$ brood run --input= -- $HELPER swallow
0

$ brood run --input '[1, 2]' -- $HELPER cat
[1, 2]

$ brood run --input --json -- $HELPER cat
--json

$ brood run --timeout 0.05 --timeout 20 -- $HELPER sleep 0.2

$ brood run --env A=1 --env B=2 --env A=3 -- $HELPER env A B
A=3
B=2

$ brood run --env '=x' -- true
brood: .* (re)
[125]

$ now=$($HELPER nice); brood run --nice 3 -- $HELPER nice | awk -v now=$now '{ print $1 - now == (now > 16 ? 19 - now : 3) }'
1

$ brood run --umask 027 -- $HELPER umask
0027

$ brood run --help-all | grep -c '^  .*--'
[3-9][0-9] (re)

$ brood run --help-all | awk 'length > 80'

$ brood run --help | grep '^Usage'
Usage: brood run [OPTIONS] [--] COMMAND [ARGS...]

$ brood run --help-all | grep -A 3 '^DURATION'
DURATION: 10 (seconds), 250ms, 5min, 1h30m, 1d. SIZE: 4096, 64K, 512m, 1.5G.

$ brood run -h | head -n 1
Usage: brood run [OPTIONS] [--] COMMAND [ARGS...]
