# Retries, and what happens after the last failure.
# SPDX-License-Identifier: Apache-2.0

$ brood run --retry 3,10ms -- $HELPER env BROOD_ATTEMPT + exit 7
BROOD_ATTEMPT=1
brood: attempt 1 of 3: exit status 7; again in 10 ms
BROOD_ATTEMPT=2
brood: attempt 2 of 3: exit status 7; again in 10 ms
BROOD_ATTEMPT=3
[7]

$ brood run -q --retry 3 --shell 'echo x >>tries; test $(wc -l <tries) -ge 2'; wc -l <tries
2

$ brood run --json --retry 2 -q -- $HELPER exit 1 | grep -o '"attempts.*'
"attempts":2,"success":false,"stdout":"","stderr":""}

$ brood run -q --retry 5 --retry-on 75,TERM -- $HELPER env BROOD_ATTEMPT + exit 1
BROOD_ATTEMPT=1
[1]

$ brood run -q --retry 2 --retry-on timed_out -t 400ms -- $HELPER env BROOD_ATTEMPT + pause
BROOD_ATTEMPT=1
BROOD_ATTEMPT=2
[124]

$ brood run -q --retry 2 --on-final-failure 'echo "gave up: $BROOD_STATUS after $BROOD_ATTEMPTS"' -- $HELPER exit 3
gave up: 3 after 2
[3]

$ brood run --on-final-failure 'echo never' -- true

$ brood run --retry 3 -- /no/such/program
brood: exec '/no/such/program': No such file or directory
[127]

$ brood run --retry 0 -- touch started
brood: --retry: '0': retry.attempts: must be at least 1
[125]

$ brood run --retry 3,x0.5 -- touch started; ls
brood: --retry: '3,x0.5': retry.factor: must be at least 1
tries

$ brood run --retry 3,1ms -t 200ms -- $HELPER pause
brood: attempt 1 of 3: timed out after 200 ms; again in 1 ms
brood: attempt 2 of 3: timed out after 200 ms; again in 1 ms
brood: timed out after 200 ms: .*brood-helper pause (re)
[124]

$ brood map --no-journal --retries 2 -t 200ms $HELPER ::: pause
brood: job 1, attempt 1 of 2: timed out after 200 ms
brood: job 1: timed out after 200 ms: .*brood-helper pause (re)
brood: 1 of 1 jobs failed
[1]

$ brood run -q --retry 2 --stdout f --tee g --shell 'echo "hi $BROOD_ATTEMPT"; exit 1'; cat f g
hi 1
brood: attempt 2
hi 2
hi 1
brood: attempt 2
hi 2

$ printf 'a\nb\n' >in; brood run -q --retry 2 --shell 'read x; echo $x; exit 1' <in
a
a
[1]

$ printf 'a\nb\n' | brood run --retry 2,1ms --shell 'read x; echo $x; exit 1'
a
brood: attempt 1 of 2: exit status 1; again in 1 ms
brood: attempt 2 reads on where the one before has stopped: stdin is a pipe
b
[1]
