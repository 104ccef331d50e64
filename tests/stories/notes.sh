# The program of docs/guides/your-own-functions.md for machines without Python: notes by mailbox, kept as JSON in one file.
field() { printf '%s\n' "$line" | sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
answer() { printf '{"type":"reply","id":%s,"value":%s}\n' "$(printf '%s\n' "$line" | sed -n 's/.*"id":\([0-9]*\).*/\1/p')" "$1"; }
while IFS= read -r line; do
    mailbox=$(field mailbox)
    case $line in
        *'"type":"hello"'*)
            notes=$(field world)/notes.json
            echo '{"type":"hello","protocol":1,"functions":["read_note","write_note"]}' ;;
        *'"function":"read_note"'*)
            found=
            if [ -f "$notes" ]; then found=$(sed -n "s/.*\(\"$mailbox\"\):\(\"[^\"]*\"\).*/\2/p" "$notes"); fi
            answer "${found:-null}" ;;
        *'"function":"write_note"'*)
            text=$(field text)
            all='{}'
            if [ -f "$notes" ]; then all=$(sed "s/\"$mailbox\":\"[^\"]*\",\{0,1\}//; s/,}/}/" "$notes"); fi
            if [ -n "$text" ]; then all=$(printf '%s\n' "$all" | sed "s/^{/{\"$mailbox\":\"$text\",/; s/,}/}/"); fi
            if [ "$all" = '{}' ]; then rm -f "$notes"; else printf '%s\n' "$all" >"$notes"; fi
            answer null ;;
    esac
done
