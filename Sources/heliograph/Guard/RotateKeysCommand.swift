import Base
import Kernel
import Store
import Wire

/// `heliograph rotate-keys`: seals what is stored with the current key, or with a new one.
enum RotateKeysCommand {
    static func run(
        _ options: [String: String], _ configuration: Configuration, isJSON: Bool
    ) async throws(UsageError) -> ExitCode {
        var plan = KeyRotation.Plan()
        plan.addsKey = options["--new-key"] != nil
        plan.removesOld = options["--remove-old"] != nil
        if let text = options["--pause"] {
            guard let seconds = Int(text), (1...3600).contains(seconds) else {
                throw UsageError("--pause must be a whole number of seconds from 1 to 3600, not \(text)")
            }
            plan.pause = .seconds(seconds)
            plan.removalPause = .seconds(10 * seconds)
        }
        do {
            try requireDatabase(configuration)
            let chosen = plan
            let report = try await withDatabase(configuration) { database in
                try await requireSchema(database)
                let rotation = KeyRotation(
                    database, KeySource(configuration), VaultColumns.all, audit: AuditLog(database))
                return try await rotation.run(chosen) { step in
                    if !isJSON { Terminal.say("\(step)\n") }
                }
            }
            if isJSON { Terminal.say(json(report)) } else { Terminal.say(text(report)) }
            return report.isComplete ? .success : .failure
        } catch {
            Terminal.complain("heliograph: \(error)\n")
            return .failure
        }
    }

    private static func text(_ report: KeyRotation.Report) -> String {
        var text = ""
        for column in report.columns {
            let rotation = column.rotation
            text += "\(column.column): \(rotation.rewritten) rows sealed anew, \(column.remaining) left"
            text += rotation.unreadable > 0 ? ", \(rotation.unreadable) of them cannot be opened" : ""
            let rows = rotation.unreadableRows
            text += (rows.isEmpty ? "" : ": " + rows.joined(separator: " ")) + "\n"
        }
        let old = report.oldKeys.map { "\($0)" }.joined(separator: ", ")
        guard report.isComplete else {
            return text + "not complete: keep all keys (\(old) as well), and run it again\n"
        }
        text += "complete: all that is stored is sealed with key \(report.currentKey)\n"
        if !old.isEmpty {
            text +=
                report.path == nil
                ? "old keys (\(old)) are not needed any more: drop them from ENCRYPTION_KEYS\n"
                : "old keys (\(old)) are not needed any more: `heliograph rotate-keys --remove-old` removes them\n"
        } else if report.path == nil {
            text +=
                "for another key set ENCRYPTION_KEYS to the new one and behind it all that are there now\n"
        }
        return text
            + (report.path == nil
                ? "Servers read their keys when they start; those in a settings file also on SIGHUP.\n"
                : "Servers that share the file have seen the keys by themselves; SIGHUP makes them look at once.\n")
    }

    private static func json(_ report: KeyRotation.Report) -> Bytes {
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("complete", report.isComplete)
            writer.field("currentKey", Int(report.currentKey))
            writer.key("newKey")
            if let key = report.newKey { writer.value(Int(key)) } else { writer.null() }
            writer.key("oldKeys")
            writer.array { writer in for key in report.oldKeys { writer.value(Int(key)) } }
            writer.key("removedKeys")
            writer.array { writer in for key in report.removedKeys { writer.value(Int(key)) } }
            writer.key("columns")
            writer.array { writer in for column in report.columns { write(column, to: &writer) } }
        }
        return writer.finish()
    }

    private static func write(_ column: KeyRotation.ColumnReport, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("column", column.column)
            writer.field("rewritten", column.rotation.rewritten)
            writer.field("contested", column.rotation.contested)
            writer.field("unreadable", column.rotation.unreadable)
            writer.key("unreadableRows")
            writer.array { writer in for row in column.rotation.unreadableRows { writer.value(row) } }
            writer.field("remaining", column.remaining)
        }
    }
}
