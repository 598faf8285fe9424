import Base
import HTTPServer
import Wire

/// The page behind the link that the server prints at its first start: it makes the first administrator.
///
/// The token stands behind the `#` of the link, which browsers do not send: no log on the way holds it.
enum SetupPage {
    /// The page and its script.
    static var routes: [Route] {
        let policy =
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'none'; "
            + "base-uri 'none'; frame-ancestors 'none'"
        let fields: HeaderFields = ["content-security-policy": policy]
        let files = [
            ("/setup", StaticFile(page, type: "text/html; charset=utf-8", fields: fields)),
            ("/setup/script.js", StaticFile(script, type: "text/javascript; charset=utf-8", fields: fields)),
            ("/setup/style.css", StaticFile(style, type: "text/css; charset=utf-8", fields: fields)),
        ]
        return files.map { path, file in Route(.get, path, .open, handler: file.handler) }
    }

    private static let page: Bytes = """
        <!doctype html>
        <html lang="en">
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Heliograph: the first user</title>
        <link rel="stylesheet" href="/setup/style.css">
        <main>
        <h1>The first user</h1>
        <p>It may do everything. This page works once, while there is no user.</p>
        <form id="form">
        <label>Name <input id="username" autocomplete="username" required></label>
        <label>Password <input id="password" type="password" autocomplete="new-password" minlength="10" required></label>
        <button>Make the user</button>
        </form>
        <p id="answer" role="status"></p>
        <noscript><p>Without scripts: <code>heliograph user create --admin</code> on the server.</p></noscript>
        </main>
        <script src="/setup/script.js"></script>
        </html>

        """

    private static let script: Bytes = """
        const token = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
        // The token has been read: it need not stay in the address bar, or in the history.
        history.replaceState(null, "", location.pathname);
        const answer = document.getElementById("answer");
        document.getElementById("form").addEventListener("submit", async event => {
            event.preventDefault();
            const value = id => document.getElementById(id).value;
            const body = JSON.stringify({ token, username: value("username"), password: value("password") });
            try {
                const response = await fetch("/api/v1/auth/setup", {
                    method: "POST", headers: { "content-type": "application/json" }, body });
                const told = await response.json();
                answer.textContent = told.success
                    ? `${told.data.user.username} is there. Sign in at /api/v1/auth/login.` : told.error.message;
                if (told.success) event.target.hidden = true;
            } catch {
                answer.textContent = "The server does not answer.";
            }
        });

        """

    private static let style: Bytes = """
        :root { color-scheme: light dark; }
        body { font: 1rem/1.5 system-ui, sans-serif; }
        main { max-width: 24rem; margin: 4rem auto; padding: 0 1rem; }
        label { display: block; margin: 1rem 0; }
        input { display: block; width: 100%; box-sizing: border-box; padding: .5rem; font: inherit; }
        button { padding: .5rem 1rem; font: inherit; }

        """
}
