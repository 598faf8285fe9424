import Base
import Bots
import Kernel
import Wire

/// Reads an update: what is taken has a number and a kind, and stands in the log as it came.
@Sendable func fuzzUpdate(_ bytes: Bytes) {
    let root: JSONView
    do { root = try JSON.parse(bytes).root } catch { return }
    do throws(UpdateError) {
        let update = try Update(root)
        expect(update.id >= 0, "an update has a number")
        expect(
            update.kind == UpdateKind.unknown || UpdateKind.telegram.contains(update.kind)
                || UpdateKind.service.values.contains(update.kind), "a kind is one that is documented")
        expect(root["update_id"]?.int64 == update.id, "the number is the one that stands there")
        let draft = update.draft(of: 42, payload: bytes)
        expect(draft.payload == bytes, "an update is kept as it came")
        expect(draft.key == "bot:42:\(update.id)", "an update has one name")
        if let date = update.date { expect(date.milliseconds >= 0, "a time can be shown: \(date.rfc3339)") }
    } catch {
        expect(error.field.hasPrefix("body"), "a refusal names its place")
    }
}
