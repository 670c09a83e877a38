# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for suture(1)

_suture_pids()
{
	local d
	for d in /proc/[0-9]*; do
		# Threads of the kernel have no program.
		[ -r "$d/exe" ] && [ "${d#/proc/}" != "$$" ] && echo "${d#/proc/}"
	done
}

_suture_files()
{
	local IFS=$'\n'
	COMPREPLY+=($(compgen -d -- "$2") $(compgen -f -X "!*$1" -- "$2"))
	compopt -o filenames 2>/dev/null
}

_suture()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local common='--json --quiet --verbose --help --version'
	local commands='build diff inspect check apply revert status stack doctor explain help'
	local command='' options='' words=0 i

	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-*) ;;
		*)
			if [ -z "$command" ]; then
				command=${COMP_WORDS[i]}
			else
				words=$((words + 1))
			fi
			;;
		esac
	done
	if [ -z "$command" ]; then
		COMPREPLY=($(compgen -W "$commands $common" -- "$cur"))
		return
	fi
	case $prev in
	--source | --work | --module-source)
		COMPREPLY=($(compgen -d -- "$cur"))
		return
		;;
	--object | --compdb | -o | --output)
		_suture_files '' "$cur"
		return
		;;
	--make | --deb | --name | --patch-version | --description | --author | --cve | --accept-layout | --why | \
		-j | --jobs | --release | --cross | --cc | --timeout | --max-pause | --sample)
		return
		;;
	esac
	case $command in
	build)
		options='--source --make --compdb --object --deb --output --name --patch-version
			--description --author --cve --accept-layout --why --jobs --work --kernel --vmlinuz
			--config --headers --modules --release --cross --cc --key --cert --replace
			--module-source'
		;;
	diff) options='--all --pairs --why' ;;
	check) options='--all --max-pause --sample' ;;
	apply | revert) options='--all --timeout --max-pause' ;;
	esac
	if [[ $cur == -* ]]; then
		COMPREPLY=($(compgen -W "$options $common" -- "$cur"))
		return
	fi
	case $command in
	build) _suture_files '.patch' "$cur"; _suture_files '.diff' "$cur" ;;
	diff) _suture_files '.o' "$cur" ;;
	inspect) _suture_files '.sut' "$cur" ;;
	check | apply | revert)
		if [ "$words" -eq 0 ]; then
			_suture_files '.sut' "$cur"
		else
			COMPREPLY=($(compgen -W "$(_suture_pids)" -- "$cur"))
		fi
		;;
	status | stack) COMPREPLY=($(compgen -W "$(_suture_pids)" -- "$cur")) ;;
	help) COMPREPLY=($(compgen -W "$commands" -- "$cur")) ;;
	explain)
		COMPREPLY=($(compgen -W "$(suture explain 2>/dev/null | cut -d' ' -f1)" -- "$cur"))
		;;
	esac
}

complete -F _suture suture
