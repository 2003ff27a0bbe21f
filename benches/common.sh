# What `agent` and `others` share: the program to measure, and what it reads. Sourced by them, at the root of the tree.

if [[ -z ${LOGMILL:-} ]]; then
    cargo build --release --quiet --bin logmill
    LOGMILL=target/release/logmill
fi

# made NUMBER FILE: access lines of 276 bytes, of a thousand people
made() {
    awk -v lines="$1" -v seed="$RANDOM" -v now="$(LC_ALL=C date '+%d/%b/%Y:%H:%M:%S %z')" 'BEGIN {
        srand(seed)
        slug = sprintf("%150s", ""); gsub(/ /, "s", slug)
        for (n = 0; n < lines; n++) {
            head = sprintf("203.0.%d.%d - - [%s] \"GET /api/orders/%d HTTP/1.1\" 200 %d \"https://shop.example.com/p/",
                rand() * 256, rand() * 256, now, 10000 + rand() * 90000, rand() * 100000)
            tail = sprintf("\" \"Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101\" rt=%.3f rl=%d sid=\"%016d\"",
                rand(), 200 + rand() * 800, rand() * 1000)
            print head substr(slug, 1, 276 - length(head) - length(tail)) tail
        }
    }' >"$2"
}
