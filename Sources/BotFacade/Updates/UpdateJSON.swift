import Base
import Kernel
import Wire

/// An update as programs on the endpoint get it: Telegram's own, with a number that is its place in our log.
///
/// Telegram's numbers may begin anew when a bot was silent for long; positions only grow, and confirm what is before them.
enum UpdateJSON {
    /// The update of an event; nil where its content is no longer kept.
    static func write(_ event: Event) -> Bytes? {
        guard let payload = event.content.payload else { return nil }
        let root: JSONView
        do { root = try JSON.parse(payload).root } catch { return nil }
        guard root.kind == .object else { return nil }
        var writer = JSONWriter()
        writer.object {
            $0.field("update_id", Int(event.position.number))
            for member in root.members where !member.isNamed("update_id") {
                $0.key(member.name)
                $0.raw(member.value.raw)
            }
        }
        return writer.finish()
    }
}
