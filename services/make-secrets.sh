#!/bin/sh
# Makes the secrets that compose.yaml reads, as files in a folder of their own; what is there already is kept.
# Usage: services/make-secrets.sh [FOLDER]
set -eu
folder=${1:-secrets}
mkdir -p "$folder"
# Nobody else looks into the folder. The files themselves are readable, because containers run as users of their own.
chmod 700 "$folder"
echo '*' > "$folder/.gitignore"
make() {
    [ -s "$folder/$1" ] || head -c 36 /dev/urandom | base64 | tr -d '\n=+/' > "$folder/$1"
    chmod 644 "$folder/$1"
}
for name in nats-admin nats-publish nats-project nats-route reader-token operator-token publisher-token admin-token grafana-password; do
    make "$name"
done
{
    printf 'ADMIN_PASSWORD: "%s"\n' "$(cat "$folder/nats-admin")"
    printf 'PUBLISH_PASSWORD: "%s"\n' "$(cat "$folder/nats-publish")"
    printf 'PROJECT_PASSWORD: "%s"\n' "$(cat "$folder/nats-project")"
} > "$folder/nats-passwords.conf"
{
    password=$(cat "$folder/nats-route")
    printf 'authorization { user: route, password: "%s" }\nroutes: [\n' "$password"
    for server in nats nats-2 nats-3; do
        printf '  "nats://route:%s@%s:6222"\n' "$password" "$server"
    done
    printf ']\n'
} > "$folder/nats-routes.conf"
chmod 644 "$folder/nats-passwords.conf" "$folder/nats-routes.conf"
echo "secrets are in $folder"
