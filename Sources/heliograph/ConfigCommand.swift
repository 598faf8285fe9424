import Base
import System
import Wire

/// `heliograph config`: every setting with its value and where that comes from.
enum ConfigCommand {
    static func run(_ configuration: Configuration, isJSON: Bool) -> ExitCode {
        if isJSON {
            Terminal.say(json(configuration))
        } else {
            Terminal.say(table(configuration))
        }
        return .success
    }

    private static func json(_ configuration: Configuration) -> Bytes {
        var writer = JSONWriter()
        writer.object { $0.field("settings", configuration.resolved.map { ShownSetting($0) }) }
        return writer.finish()
    }

    private static func table(_ configuration: Configuration) -> String {
        var rows = [["SETTING", "VALUE", "SOURCE", "VARIABLE", "MEANING"]]
        for resolved in configuration.resolved {
            let text = resolved.shownText
            rows.append([
                resolved.setting.key, text.isEmpty ? "-" : text, resolved.source.rawValue,
                resolved.setting.variable, resolved.setting.help,
            ])
        }
        let widths = (0..<4).map { column in rows.map { min($0[column].count, 40) }.max() ?? 0 }
        return rows.map { row in
            let cells = zip(row, widths).map { $0 + String(repeating: " ", count: max(0, $1 - $0.count)) }
            return cells.joined(separator: "  ") + "  " + row[4] + "\n"
        }.joined() + "\nFlags are named after the settings: http.body_bytes_max is --http-body-bytes-max.\n"
    }
}
