# shellcheck shell=sh
# Whether each of the accounts becomes root without a password, whatever other files of sudo say.
in_force() {
    for account; do
        said=$(runuser -u "$account" -- sudo -n -k true 2>&1) || {
            echo "$account does not become root by sudo without a password: $said"
            return 1
        }
    done
}
