# What the command finds in its environment, and which file it is.
# SPDX-License-Identifier: Apache-2.0

$ brood run --env-clear -- $HELPER env

$ brood run --env-clear --env A=1 --env B= -- $HELPER env
A=1
B=

$ A=1 B=2 brood run --env-pass A,C -- $HELPER env
A=1

$ A=1 B=2 brood run --env-unset A --env-unset C -- $HELPER env A B
A unset
B=2

$ A=1 brood run --env A=2 --env-unset A -- $HELPER env A
A unset

$ A=1 brood run --env-unset A --env A=2 -- $HELPER env A
A=2

$ brood run --executable $HELPER -- another-name args x
0:another-name
1:x

$ brood run --executable ./nowhere -- true
brood: exec './nowhere': No such file or directory
[127]

$ mkdir bin; ln -s $HELPER bin/only-here; brood run --env PATH=$PWD/bin -- only-here exit 6
[6]
