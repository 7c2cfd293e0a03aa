//! What a newcomer pastes.

/// URL, key, and a program in Python and TypeScript that works as it is.
pub fn welcome(url: &str, key: &str) -> String {
    format!(
        r#"Sandbar is ready.

  API URL  {url}
  API key  {key}

Python (pip install daytona):

  from daytona import Daytona, DaytonaConfig

  daytona = Daytona(DaytonaConfig(api_url="{url}", api_key="{key}"))
  sandbox = daytona.create()
  print(sandbox.process.code_run("print(6 * 7)").result)
  sandbox.delete()

TypeScript (npm install @daytona/sdk):

  import {{ Daytona }} from '@daytona/sdk'

  const daytona = new Daytona({{ apiUrl: '{url}', apiKey: '{key}' }})
  const sandbox = await daytona.create()
  console.log((await sandbox.process.executeCommand('echo $((6 * 7))')).result)
  await sandbox.delete()

Ctrl-C stops it; sandboxes and their files are kept.
"#
    )
}
