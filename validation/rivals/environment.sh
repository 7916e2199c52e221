# For scripts that run rivals, two folders below the root, which source it first with their own arguments:
#
#     . "$(dirname "$0")/../../validation/rivals/environment.sh"
#
# The first argument is the folder of environments, by default .rivals; it is taken off, and the rest are the caller's.
# Sets root, folder and python (PYTHON, else python3), and goes to the root.

root=$(cd "$(dirname "$0")/../.." && pwd)
folder=${1:-$root/.rivals}
[ $# -eq 0 ] || shift
python=${PYTHON:-python3}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
cd "$root"

# environment NAME REQUIREMENT...: the folder NAME with what is required, made once.
environment() {
    name=$1
    shift
    if [ ! -e "$folder/$name/ready" ]; then
        "$python" -m venv --clear "$folder/$name"
        "$folder/$name/bin/pip" install -qq --disable-pip-version-check "$@"
        touch "$folder/$name/ready"
    fi
}
