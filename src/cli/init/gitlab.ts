import { type ImageTarget, secretsOf, type Workflow, type WorkflowTarget } from './target.ts'

/** The pipeline of GitLab that deploys each push to the branch, and whenever somebody starts one for it. */
export function gitlabWorkflow(target: WorkflowTarget): Workflow {
  return { path: '.gitlab-ci.yml', text: text(target), secrets: secretsOf(target) }
}

function text(target: WorkflowTarget): string {
  const { app, image } = target
  return `${heading(target)}
stages: [${image === null ? 'deploy' : 'build, deploy'}]

${image === null ? '' : build(target, image)}deploy:
  stage: deploy
  image: node:24
  # One deploy at a time.
  resource_group: deploy-${app}
  timeout: 1h
${rules(target)}  variables:
    TASUKI_APP: ${app}
${image === null ? '' : `    TASUKI_IMAGE: ${image.name}:sha-$CI_COMMIT_SHA\n`}  script:
    - rm -rf "$CI_PROJECT_DIR.tasuki" && git init -q "$CI_PROJECT_DIR.tasuki"
    - git -C "$CI_PROJECT_DIR.tasuki" fetch -q --depth 1 ${target.tasuki.url} ${target.tasuki.ref}
    - git -C "$CI_PROJECT_DIR.tasuki" checkout -q FETCH_HEAD
    - sh "$CI_PROJECT_DIR.tasuki/scripts/ci/install.sh"
    - sh "$CI_PROJECT_DIR.tasuki/scripts/ci/deploy.sh"
  after_script:
    - rm -rf "$CI_PROJECT_DIR.tasuki"
`
}

function heading(target: WorkflowTarget): string {
  const secrets = secretsOf(target).map(
    ({ name, what, needed }) => `#   ${name}${needed ? '' : ' (if need be)'}: ${what}`,
  )
  return [
    '# Written by `tasuki init --gitlab`; yours to change. It reads these variables of the project',
    '# (Settings, CI/CD, Variables; masked, and protected when the branch is):',
    ...secrets,
  ].join('\n')
}

function build(target: WorkflowTarget, image: ImageTarget): string {
  const prefix = image.login === 'forge' ? '$CI_REGISTRY' : '$REGISTRY'
  return `build:
  stage: build
  image: docker:27
  services: [docker:27-dind]
  timeout: 1h
${rules(target)}  variables:
    IMAGE: ${image.name}
    DOCKER_BUILDKIT: '1'
  script:
    - printf '%s' "${prefix}_PASSWORD" | docker login "\${IMAGE%%/*}" --username "${prefix}_USER" --password-stdin
    - >-
      docker build --pull --file ${image.dockerfile} --cache-from "$IMAGE:latest"
      --build-arg BUILDKIT_INLINE_CACHE=1 --label "org.opencontainers.image.revision=$CI_COMMIT_SHA"
      --tag "$IMAGE:sha-$CI_COMMIT_SHA" --tag "$IMAGE:latest" .
    - docker push "$IMAGE:sha-$CI_COMMIT_SHA"
    - docker push "$IMAGE:latest"

`
}

/** Pushes to the branch, and what somebody starts by hand for it; no merge requests, no schedules. */
function rules({ branch }: WorkflowTarget): string {
  const condition = `$CI_COMMIT_BRANCH == "${branch}" && $CI_PIPELINE_SOURCE =~ /^(push|web|api|trigger)$/`
  return `  rules:
    - if: '${condition}'
`
}
