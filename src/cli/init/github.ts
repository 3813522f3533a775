import { type ImageTarget, secretsOf, type Workflow, type WorkflowTarget } from './target.ts'

/** The workflow of GitHub Actions that deploys each push to the branch, and whenever somebody asks for it. */
export function githubWorkflow(target: WorkflowTarget): Workflow {
  return { path: '.github/workflows/deploy.yml', text: text(target), secrets: secretsOf(target) }
}

function text(target: WorkflowTarget): string {
  const { app, branch, image } = target
  return `${heading(target)}
name: Deploy

on:
  push:
    branches: [${JSON.stringify(branch)}]
  workflow_dispatch:

permissions:
  contents: read
${image?.login === 'forge' ? '  packages: write\n' : ''}
# One deploy at a time; of those that wait, the newest.
concurrency:
  group: deploy-${app}
  cancel-in-progress: false

jobs:
  deploy:
    runs-on: ubuntu-latest
    timeout-minutes: 60
${image === null ? '' : environment(image)}    steps:
      - uses: actions/checkout@v4
${image === null ? '' : build(image)}      - name: Deploy
        uses: ${target.tasuki.github}@${target.tasuki.ref}
        with:
          url: \${{ secrets.TASUKI_URL }}
          token: \${{ secrets.TASUKI_TOKEN }}
          ca: \${{ secrets.TASUKI_CA }}
          app: ${app}
${image === null ? '' : `          image: \${{ env.IMAGE }}:sha-\${{ github.sha }}\n`}`
}

function heading(target: WorkflowTarget): string {
  const secrets = secretsOf(target).map(
    ({ name, what, needed }) => `#   ${name}${needed ? '' : ' (if need be)'}: ${what}`,
  )
  return [
    '# Written by `tasuki init --github`; yours to change. It reads these secrets of the repository',
    '# (Settings, Secrets and variables, Actions):',
    ...secrets,
  ].join('\n')
}

function environment(image: ImageTarget): string {
  return `    env:
      IMAGE: ${image.name}
      DOCKER_BUILDKIT: 1
`
}

function build(image: ImageTarget): string {
  const [user, password] =
    image.login === 'forge'
      ? ['github.actor', 'secrets.GITHUB_TOKEN']
      : ['secrets.REGISTRY_USER', 'secrets.REGISTRY_PASSWORD']
  return `      - name: Log in to the registry
        env:
          REGISTRY_USER: \${{ ${user} }}
          REGISTRY_PASSWORD: \${{ ${password} }}
        run: printf '%s' "$REGISTRY_PASSWORD" | docker login "\${IMAGE%%/*}" --username "$REGISTRY_USER" --password-stdin
      - name: Build and push
        run: |
          docker build --pull --file ${image.dockerfile} --cache-from "$IMAGE:latest" \\
            --build-arg BUILDKIT_INLINE_CACHE=1 --label "org.opencontainers.image.revision=$GITHUB_SHA" \\
            --tag "$IMAGE:sha-$GITHUB_SHA" --tag "$IMAGE:latest" .
          docker push "$IMAGE:sha-$GITHUB_SHA"
          docker push "$IMAGE:latest"
`
}
