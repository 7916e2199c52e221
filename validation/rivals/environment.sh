# For the scripts beside it, which set python and folder.

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
