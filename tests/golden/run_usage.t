# What `brood` refuses: always one line on stderr, always status 125, and nothing is started.
# SPDX-License-Identifier: Apache-2.0

$ brood
Usage: brood VERB ...

  run         run a command, with limits on its time, output and resources
  map         run a command for each of many arguments, several at once
  ls          list the runs that the journal has
  report      report on a run: text, JSON, JUnit, HTML, a trace

Examples:
  brood run -t 10m make test      end all of it after 10 minutes
  brood map gzip ::: *.log        one job per CPU at once
  brood ls                        the runs of this folder
  brood report                    the last run

  --version   print the version
  --help      print this page; 'brood VERB --help' has more
  --completion SHELL
              print what makes bash, zsh or fish complete these words
[125]

$ brood --help | head -n 1
Usage: brood VERB ...

$ brood walk
brood: there is no verb 'walk'; see 'brood --help'
[125]

$ brood run
brood: run: there is no command; see 'brood run --help'
[125]

$ brood run --
brood: run: there is no command; see 'brood run --help'
[125]

$ brood run --nope -- touch started
brood: run: unknown option '--nope'; see 'brood run --help'
[125]

$ brood run -Z -- touch started
brood: run: unknown option '-Z'; see 'brood run --help'
[125]

$ brood run --timeout
brood: run: --timeout needs a value: DURATION
[125]

$ brood run --json=yes -- touch started
brood: run: --json takes no value
[125]

$ brood run --timeout soon -- touch started
brood: .*timeout.*soon.* (re)
[125]

$ brood run --timeout 0 -- touch started
brood: .*timeout.* (re)
[125]

$ brood run --signal NOPE -- touch started
brood: --signal: 'NOPE' is not a signal
[125]

$ brood run --kill-after never -- touch started
brood: --kill-after: .*never.* (re)
[125]

$ brood run --stop TERM,5s,KILL --kill-after 3 -- touch started
brood: run: contradictory options: --stop and --signal, --kill-after
[125]

$ brood run --merge --stderr file -- touch started
brood: run: contradictory options: --merge and --stderr
[125]

$ brood run --quiet-ok --json -- touch started
brood: run: contradictory options: --quiet-ok and --json
[125]

$ brood run --quiet-ok --stdout file -- touch started
brood: run: contradictory options: --quiet-ok and a redirection
[125]

$ brood run --append -- touch started
brood: run: --append needs a file: --stdout, --stderr or --tee
[125]

$ brood run -v -q -- touch started
brood: run: contradictory options: --verbose and --quiet
[125]

$ brood run --input text --stdin file -- touch started
brood: .* (re)
[125]

$ brood run --dry-run --quiet-ok --json -- true
brood: run: contradictory options: --quiet-ok and --json
[125]

$ brood run --tee nowhere/file -- touch started
brood: open 'nowhere/file': No such file or directory
[125]

$ brood run --stdin nowhere -- touch started
brood: open 'nowhere': No such file or directory
[125]

$ ls

$ brood --version > /dev/full
brood: cannot write to stdout
[125]

$ brood run --json -- true > /dev/full
brood: cannot write to stdout: No space left on device
[125]
